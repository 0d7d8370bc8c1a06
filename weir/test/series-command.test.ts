import { writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { Catalogue } from "@weir/series";
import { readStatsConfig } from "@weir/stats/config";
import { openSegmentedStore } from "@weir/store";
import { openSeriesReader } from "@weir/streams";
import { rowOf, START_US, type TemporaryFolder, temporaryFolder } from "@weir/testkit";
import { startHere } from "./fixture.ts";

const TOPIC = "tele/plug/SENSOR";
const PAYLOADS = [
  '{"Time":"2026-01-01T00:59:00","ENERGY":{"Total":10.5,"Power":40},"note":"spring"}',
  '{"Time":"2026-01-01T01:00:30","ENERGY":{"Total":10.6,"Power":42}}',
];

/** A stream with two payloads in it, which stats has read into the catalogue. */
function prepare(folder: TemporaryFolder) {
  writeFileSync(
    folder.file("weir.yaml"),
    "streams:\n  home: { filters: [tele/#], timeZone: Europe/Berlin }\n",
  );
  const environment = { DB_FILE: folder.file("weir.db"), WEIR_FILE: folder.file("weir.yaml") };
  const { streams, indexFile, skewUs } = readStatsConfig(environment).series;
  const home = streams.find(({ name }) => name === "home");
  if (home?.place.kind !== "folder") throw new Error("the stream home has a folder");
  using store = openSegmentedStore({
    folder: home.place.folder,
    stream: "home",
    synchronous: "NORMAL",
    nowUs: START_US,
  });
  using catalogue = new Catalogue(indexFile);
  const reader = openSeriesReader(home, skewUs);
  const of = catalogue.stream("home");
  PAYLOADS.forEach((text, index) => {
    const receivedUs = START_US + index * 60_000_000;
    const message = { topic: TOPIC, payload: Buffer.from(text), receivedUs, retained: false };
    store.append([{ ...rowOf("{}", receivedUs), ...message, value: null, observedUs: null }]);
    const row = { segment: "s", id: index + 1, receivedUs };
    const reading = reader.read({ ...message, observedUs: null }, of.memory.at(row));
    catalogue.describe(reading.metadata);
    of.note(reading, row);
  });
  catalogue.save();
  return environment;
}

describe("weir series", () => {
  test("lists each series with its newest value, and finds by any of its texts", async () => {
    using folder = temporaryFolder();
    const environment = prepare(folder);
    const all = await startHere(["series"], { environment }).ended;
    expect(all).toMatchObject({ code: 0, err: "" });
    expect(all.out).toMatch(/home:tele\/plug\/SENSOR#ENERGY\.Power .* 42 W .* gauge/);
    expect(all.out).toMatch(/home:tele\/plug\/SENSOR#ENERGY\.Total .* 10\.6 kWh .* counter/);
    const found = await startHere(["series", "power", "--json"], { environment }).ended;
    expect(JSON.parse(found.out)).toMatchObject({
      path: "ENERGY.Power",
      newestValue: 42,
      points: 2,
    });
  });

  test("says so when nothing matches, and when there is no catalogue", async () => {
    using folder = temporaryFolder();
    const environment = { DB_FILE: folder.file("weir.db"), WEIR_FILE: folder.file("weir.yaml") };
    writeFileSync(folder.file("weir.yaml"), "");
    const none = await startHere(["series"], { environment }).ended;
    expect(none).toMatchObject({
      code: 69,
      err: expect.stringContaining("no catalogue of series"),
    });
    const { out, err } = await startHere(["series", "nowhere"], { environment: prepare(folder) })
      .ended;
    expect({ out, err }).toEqual({ out: "", err: "weir series: no series match\n" });
  });
});

describe("weir explain", () => {
  test("shows how the newest payloads of a topic are read, and what is not", async () => {
    using folder = temporaryFolder();
    const { code, out, err } = await startHere(["explain", TOPIC], {
      environment: prepare(folder),
    }).ended;
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("read by tasmota; time 2025-12-31T23:59:00.000000Z, from Time");
    expect(out).toMatch(/home:tele\/plug\/SENSOR#ENERGY\.Power +42 W/);
    expect(out).toContain("not read: note (text)");
  });

  test("names the streams when nothing is stored of a topic", async () => {
    using folder = temporaryFolder();
    const { code, err } = await startHere(["explain", "tele/other"], {
      environment: prepare(folder),
    }).ended;
    expect(code).toBe(69);
    expect(err).toContain('nothing is stored of the topic "tele/other"');
    expect(err).toContain("data, devices, home");
  });
});
