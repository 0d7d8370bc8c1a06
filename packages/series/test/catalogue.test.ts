import { closeSync, existsSync, openSync, writeFileSync, writeSync } from "node:fs";
import { describe, expect, jest, test } from "@jest/globals";
import {
  Catalogue,
  readCatalogue,
  readMemory,
  SeriesLookup,
  SeriesReader,
  STREAM_SERIES_MAX,
  TOPIC_SERIES_MAX,
} from "@weir/series";
import { START_US, temporaryFolder } from "@weir/testkit";
import Sqlite from "better-sqlite3";

const SECOND_US = 1_000_000;
const DAY_US = 86_400 * SECOND_US;
const reader = new SeriesReader({
  series: "auto",
  skewUs: 60 * SECOND_US,
  timeZone: null,
  document: null,
});

/** Counts a message as the row with this id. */
function note(
  catalogue: Catalogue,
  id: number,
  {
    topic = "home/meter",
    payload,
    receivedUs = START_US + id * SECOND_US,
    stream = "home",
  }: {
    topic?: string;
    payload: string;
    receivedUs?: number;
    stream?: string;
  },
): void {
  const row = { segment: "s1", id, receivedUs };
  const of = catalogue.stream(stream);
  const source = { topic, payload: Buffer.from(payload), receivedUs, retained: false };
  const reading = reader.read({ ...source, observedUs: null }, of.memory.at(row));
  catalogue.describe(reading.metadata);
  of.note(reading, row);
}

describe("the catalogue", () => {
  test("is looked up topic by topic, with what is saved meanwhile", () => {
    using folder = temporaryFolder();
    const file = folder.file("index.db");
    using none = new SeriesLookup(file);
    expect(none.ofTopic("home", "home/meter")).toEqual([]);
    using catalogue = new Catalogue(file);
    using lookup = new SeriesLookup(file);
    note(catalogue, 1, { payload: '{"power":100}' });
    catalogue.save();
    expect(lookup.ofTopic("home", "home/meter")).toMatchObject([{ path: "power" }]);
    expect(lookup.ofTopic("barn", "home/meter")).toEqual([]);
  });

  test("has each series with its newest value, and survives a restart", () => {
    using folder = temporaryFolder();
    const file = folder.file("index.db");
    {
      using catalogue = new Catalogue(file);
      note(catalogue, 1, { payload: '{"power":100,"unit":"x","relay":"ON"}' });
      note(catalogue, 2, { payload: '{"power":120,"relay":"OFF"}' });
      catalogue.save();
    }
    {
      using catalogue = new Catalogue(file);
      // A row that was counted before is not counted again.
      note(catalogue, 2, { payload: '{"power":120,"relay":"OFF"}' });
      note(catalogue, 3, { payload: '{"power":90}' });
      catalogue.save();
    }
    expect(readCatalogue(file)).toMatchObject([
      {
        stream: "home",
        topic: "home/meter",
        path: "power",
        kind: "gauge",
        points: 3,
        newestValue: 90,
      },
      { path: "relay", kind: "state", points: 2, newestValue: 0, intervalMs: 1_000 },
    ]);
  });

  test("counts what a kill had not saved from the rows again", () => {
    using folder = temporaryFolder();
    const file = folder.file("index.db");
    {
      using catalogue = new Catalogue(file);
      note(catalogue, 1, { payload: "1" });
      catalogue.save();
      note(catalogue, 2, { payload: "2" });
    }
    using catalogue = new Catalogue(file);
    expect(catalogue.stream("home").progress).toMatchObject({ segment: "s1", id: 1 });
    note(catalogue, 2, { payload: "2" });
    expect([...catalogue.stream("home").all()]).toMatchObject([{ points: 2, newestValue: 2 }]);
  });

  test("takes the newest value by its time, not by its arrival", () => {
    using catalogue = new Catalogue(":memory:");
    const at = (seconds: number, power: number) =>
      JSON.stringify({ time: START_US / SECOND_US + seconds, power });
    note(catalogue, 1, { payload: at(1, 10) });
    note(catalogue, 20, { payload: at(15, 30) });
    note(catalogue, 21, { payload: at(5, 20) });
    expect([...catalogue.stream("home").all()]).toMatchObject([
      {
        points: 3,
        newestValue: 30,
        firstUs: START_US + SECOND_US,
        newestUs: START_US + 15 * SECOND_US,
      },
    ]);
  });

  test("names a series by what another stream says of it, before or after its points", () => {
    using folder = temporaryFolder();
    const file = folder.file("index.db");
    {
      using catalogue = new Catalogue(file);
      note(catalogue, 1, { payload: '{"power":1}' });
      const metadata = { topic: "home/meter", path: "power", source: "home-assistant" };
      catalogue.describe([{ ...metadata, about: { name: "Washing machine", unit: "W" } }]);
      catalogue.save();
    }
    using catalogue = new Catalogue(file);
    note(catalogue, 1, { stream: "other", payload: '{"power":2}' });
    for (const stream of ["home", "other"]) {
      const [entry] = [...catalogue.stream(stream).all()];
      expect(entry).toMatchObject({ name: "Washing machine", unit: "W" });
    }
    // What the configuration says wins over what discovery says.
    const own = { topic: "home/meter", path: "power", source: "configuration" };
    catalogue.describe([{ ...own, about: { name: "Washer" } }]);
    expect([...catalogue.stream("home").all()]).toMatchObject([{ name: "Washer", unit: "W" }]);
  });

  test("takes units from discovery where nothing else gives one, until an empty message removes them", () => {
    using folder = temporaryFolder();
    using catalogue = new Catalogue(folder.file("index.db"));
    const unitOf = () => [...catalogue.stream("home").all()].map(({ name, unit }) => [name, unit]);
    const topic = "homeassistant/sensor/level/config";
    const level = { uniq_id: "1", name: "Level", stat_t: "zigbee2mqtt/Tank", unit_of_meas: "cm" };
    const exposes = [{ type: "numeric", property: "level", label: "Depth", access: 1 }];
    const device = { ieee_address: "1", friendly_name: "Tank", definition: { exposes } };

    note(catalogue, 1, { topic: "zigbee2mqtt/Tank", payload: '{"level":12}' });
    const config = JSON.stringify({ ...level, val_tpl: "{{ value_json.level }}" });
    note(catalogue, 2, { stream: "discovery", topic, payload: config });
    expect(unitOf()).toEqual([["Level", "cm"]]);
    note(catalogue, 3, { topic: "zigbee2mqtt/bridge/devices", payload: JSON.stringify([device]) });
    expect(unitOf()).toEqual([["Tank Depth", "cm"]]);
    note(catalogue, 4, { stream: "discovery", topic, payload: "" });
    expect(unitOf()).toEqual([["Tank Depth", null]]);
  });

  test("gives the places of descriptions that were taken back to others", () => {
    using folder = temporaryFolder();
    const file = folder.file("index.db");
    const describe = (topic: string, unit: string | undefined) => ({
      ...{ topic, path: "", source: "home-assistant" },
      about: { unit },
    });
    const topics = Array.from({ length: 50_000 }, (_, index) => `t/${index}`);
    {
      using catalogue = new Catalogue(file);
      catalogue.describe(topics.map((topic) => describe(topic, "W")));
      catalogue.save();
      catalogue.describe(topics.map((topic) => describe(topic, undefined)));
      catalogue.save();
    }
    using catalogue = new Catalogue(file);
    catalogue.describe([describe("t/new", "V")]);
    note(catalogue, 1, { topic: "t/new", payload: "1" });
    note(catalogue, 2, { topic: "t/7", payload: "1" });
    expect([...catalogue.stream("home").all()].map(({ unit }) => unit)).toEqual(["V", null]);
  });

  test("finds places for as many new series as were silent in one look at all", () => {
    using catalogue = new Catalogue(":memory:");
    const home = catalogue.stream("home");
    const all = jest.spyOn(home, "all");
    for (let id = 1; id <= STREAM_SERIES_MAX; id += 1) {
      note(catalogue, id, { topic: `t/${id}`, payload: "1", receivedUs: START_US + id });
    }
    const later = START_US + 2 * DAY_US;
    for (let id = 1; id <= STREAM_SERIES_MAX; id += 1) {
      note(catalogue, 20_000 + id, { topic: `new/${id}`, payload: "1", receivedUs: later + id });
    }
    expect(all.mock.calls.length).toBeLessThan(5);
    expect(home.size).toBe(STREAM_SERIES_MAX);
    expect(home.left.turnedAway).toBe(0);
  });

  test("takes the names of many devices out of one large message", () => {
    using folder = temporaryFolder();
    using catalogue = new Catalogue(folder.file("index.db"));
    const devices = Array.from({ length: 200 }, (_, index) => ({
      ieee_address: `${index}`,
      friendly_name: `Lamp ${index}`,
      definition: {
        description: "x".repeat(3_000),
        exposes: [{ type: "numeric", property: "power", label: "Power", unit: "kW", access: 1 }],
      },
    }));

    note(catalogue, 1, { topic: "zigbee2mqtt/bridge/devices", payload: JSON.stringify(devices) });
    note(catalogue, 2, { topic: "zigbee2mqtt/Lamp 199", payload: '{"power":1}' });
    expect([...catalogue.stream("home").all()]).toMatchObject([
      { name: "Lamp 199 Power", unit: "kW" },
    ]);
  });

  test("has at most so many series of one topic, and goes on with those that it has", () => {
    using catalogue = new Catalogue(":memory:");
    note(catalogue, 1, { payload: '{"power":1}' });
    for (let id = 2; id < TOPIC_SERIES_MAX + 50; id += 1) {
      note(catalogue, id, { payload: `{"invented${id}":1}` });
    }
    note(catalogue, 1_000, { payload: '{"power":2}' });
    const home = catalogue.stream("home");
    expect(home.size).toBe(TOPIC_SERIES_MAX);
    expect(home.left.turnedAway).toBe(49);
    expect(home.all().find(({ path }) => path === "power")).toMatchObject({ newestValue: 2 });
  });

  test("gives the place of a series that was silent for a day to a new one", () => {
    using catalogue = new Catalogue(":memory:");
    const home = catalogue.stream("home");
    for (let id = 1; id <= STREAM_SERIES_MAX; id += 1) {
      note(catalogue, id, { topic: `t/${id}`, payload: "1", receivedUs: START_US + id });
    }
    note(catalogue, 20_001, { topic: "t/new", payload: "1", receivedUs: START_US + DAY_US - 1 });
    expect(home.size).toBe(STREAM_SERIES_MAX);
    expect(home.left.turnedAway).toBe(1);
    note(catalogue, 20_002, { topic: "t/new", payload: "1", receivedUs: START_US + DAY_US + 2 });
    const topics = new Set(home.all().map(({ topic }) => topic));
    expect(topics.size).toBe(STREAM_SERIES_MAX);
    expect(topics.has("t/new")).toBe(true);
    expect(topics.has("t/1")).toBe(false);
  });
});

test("a newest value that a wrong clock had put years ahead gives way to a new one", () => {
  using catalogue = new Catalogue(":memory:");
  note(catalogue, 1, { payload: '{"power":1}', receivedUs: START_US + 900 * DAY_US });
  note(catalogue, 2, { payload: '{"power":2}', receivedUs: START_US });
  expect([...catalogue.stream("home").all()]).toMatchObject([
    { newestValue: 2, newestUs: START_US },
  ]);
});

test("what could not be saved is saved by the next call, all of it", () => {
  using folder = temporaryFolder();
  const file = folder.file("index.db");
  {
    using catalogue = new Catalogue(file);
    const other = new Sqlite(file);
    other.exec("BEGIN IMMEDIATE");
    note(catalogue, 1, { payload: '{"power":{"value":3,"unit":"W"}}' });
    catalogue.stream("home").memory.at({ segment: "s1", id: 1 }).set("node", { alias: 1 });
    expect(() => catalogue.save()).toThrow(/locked/);
    other.close();
    catalogue.save();
  }
  expect(readCatalogue(file)).toMatchObject([{ path: "power.value", newestValue: 3 }]);
  expect(readMemory(file, "home").find("node", { segment: "s1", id: 1 })?.content).toEqual({
    alias: 1,
  });
  using catalogue = new Catalogue(file);
  expect(catalogue.stream("home").progress).toMatchObject({ id: 1 });
  note(catalogue, 2, { stream: "other", payload: '{"power":{"value":3}}' });
  expect([...catalogue.stream("other").all()]).toMatchObject([{ unit: "W" }]);
});

test("a stream that begins again keeps what was remembered last, and lets new rows say otherwise", () => {
  using folder = temporaryFolder();
  const file = folder.file("index.db");
  {
    using catalogue = new Catalogue(file);
    const { memory } = catalogue.stream("home");
    memory.at({ segment: "s1", id: 500 }).set("node", { alias: 1 });
    note(catalogue, 600, { payload: "1" });
    catalogue.save();
    catalogue.stream("home").restart();
    catalogue.save();
  }
  using catalogue = new Catalogue(file);
  const { memory, progress } = catalogue.stream("home");
  expect(progress).toBeNull();
  expect(memory.at({ segment: "s1", id: 1 }).get("node")).toEqual({ alias: 1 });
  memory.at({ segment: "s1", id: 2 }).set("node", { alias: 2 });
  expect(memory.at({ segment: "s1", id: 700 }).get("node")).toEqual({ alias: 2 });
});

test("a catalogue with damage in the middle is kept under another name, too", () => {
  using folder = temporaryFolder();
  const file = folder.file("index.db");
  {
    using catalogue = new Catalogue(file);
    for (let id = 1; id <= 2_000; id += 1) note(catalogue, id, { topic: `t/${id}`, payload: "1" });
    catalogue.save();
  }
  const descriptor = openSync(file, "r+");
  for (let page = 10; page < 20; page += 1) {
    writeSync(descriptor, Buffer.alloc(4_096, 0xa5), 0, 4_096, page * 4_096);
  }
  closeSync(descriptor);
  using catalogue = new Catalogue(file, 7);
  expect(catalogue.keptAs).toBe(`${file}.damaged-7`);
  expect(catalogue.stream("home").progress).toBeNull();
});

test("a database of another program is left as it is", () => {
  using folder = temporaryFolder();
  const file = folder.file("index.db");
  const other = new Sqlite(file);
  other.exec("CREATE TABLE streams (mine TEXT)");
  expect(() => new Catalogue(file)).toThrow(/is no catalogue of series/);
  expect(other.pragma("journal_mode", { simple: true })).toBe("delete");
  other.close();
});

test("a damaged catalogue is kept under another name, and made again", () => {
  using folder = temporaryFolder();
  const file = folder.file("index.db");
  writeFileSync(
    file,
    "this is no database at all, though it is long enough to be looked at as one",
  );
  using catalogue = new Catalogue(file, 7);
  expect(catalogue.keptAs).toBe(`${file}.damaged-7`);
  expect(existsSync(`${file}.damaged-7`)).toBe(true);
  note(catalogue, 1, { payload: "1" });
  catalogue.save();
  expect(readCatalogue(file)).toHaveLength(1);
});
