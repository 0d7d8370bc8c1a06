import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { Catalogue } from "@weir/series";
import { readStatsConfig } from "@weir/stats/config";
import { openSegmentedStore, positionOf, readRange } from "@weir/store";
import { createWideCsv, openSeriesReader } from "@weir/streams";
import {
  createFakeClock,
  faultOf,
  rowOf,
  START_US,
  type TemporaryFolder,
  temporaryFolder,
} from "@weir/testkit";
import { newColumn } from "../src/export-wide.ts";
import { startHere } from "./fixture.ts";

const SECOND_US = 1_000_000;
const HOUR_US = 3_600 * SECOND_US;

interface Sent {
  topic: string;
  payload: string | Buffer;
  /** Default a second after the one before, from `START_US` on. */
  receivedUs?: number;
  retained?: boolean;
}

/** A stream `home` with these messages. */
function prepare(folder: TemporaryFolder, messages: readonly Sent[], keys = "filters: [home/#]") {
  writeFileSync(folder.file("weir.yaml"), `streams:\n  home: { ${keys} }\n`);
  const environment = { DB_FILE: folder.file("weir.db"), WEIR_FILE: folder.file("weir.yaml") };
  using store = openSegmentedStore({
    folder: folder.file("home"),
    stream: "home",
    synchronous: "NORMAL",
    nowUs: START_US,
  });
  const rows = messages.map(({ topic, payload, receivedUs, retained = false }, index) => {
    const receptionUs = receivedUs ?? START_US + index * SECOND_US;
    const bytes = Buffer.from(payload);
    const row = { ...rowOf("{}", receptionUs), topic, payload: bytes, retained };
    return { ...row, value: null, observedUs: null };
  });
  store.append(rows);
  return environment;
}

/** Exports the whole stream a year after it began. */
async function run(environment: Record<string, string>, ...argv: string[]) {
  const clock = createFakeClock(START_US / 1_000 + 366 * 86_400_000);
  const options = { environment, clock };
  return await startHere(["export", "--stream", "home", "--wide", ...argv], options).ended;
}

async function linesOf(environment: Record<string, string>, ...argv: string[]) {
  const { code, out, err } = await run(environment, ...argv);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return out.split(/\r?\n/).slice(0, -1);
}

const CLIMATE: readonly Sent[] = [
  { topic: "home/a", payload: '{"temperature":21.5,"humidity":40,"note":"spring"}' },
  { topic: "home/b", payload: "7.25" },
  { topic: "home/a", payload: '{"temperature":-3,"window":"open"}' },
];

describe("weir export --wide", () => {
  test("has a row for each message, and a column for each path", async () => {
    using folder = temporaryFolder();
    expect(await linesOf(prepare(folder, CLIMATE))).toEqual([
      "time,topic,humidity,temperature,value,window",
      "2026-01-01T00:00:00.000000Z,home/a,40,21.5,,",
      "2026-01-01T00:00:01.000000Z,home/b,,,7.25,",
      "2026-01-01T00:00:02.000000Z,home/a,,-3,,1",
    ]);
  });

  test("has in jsonl the keys for which a row has values", async () => {
    using folder = temporaryFolder();
    const lines = await linesOf(prepare(folder, CLIMATE), "--format", "jsonl");
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { time: "2026-01-01T00:00:00.000000Z", topic: "home/a", temperature: 21.5, humidity: 40 },
      { time: "2026-01-01T00:00:01.000000Z", topic: "home/b", value: 7.25 },
      { time: "2026-01-01T00:00:02.000000Z", topic: "home/a", temperature: -3, window: 1 },
    ]);
  });

  test("has only the columns of the part that is exported", async () => {
    using folder = temporaryFolder();
    const environment = prepare(folder, CLIMATE);
    const [byTopic] = await linesOf(environment, "--topic", "home/b");
    const [byTime] = await linesOf(environment, "--from", "2026-01-01T00:00:01Z");
    const { out } = await run(environment, "--limit", "1");
    expect([byTopic, byTime]).toEqual(["time,topic,value", "time,topic,temperature,value,window"]);
    expect(out).toMatch(/^time,topic,humidity,temperature\r\n/);
  });

  test("has a row for each time where a message has several, and loses none of two values", async () => {
    using folder = temporaryFolder();
    const ms = START_US / 1_000;
    const payload = JSON.stringify([
      { ts: ms - 2_000, values: { t: 1, h: 40 } },
      { ts: ms - 1_000, values: { t: 2 } },
      { ts: ms - 1_000, values: { t: 3, h: 41 } },
    ]);
    const sent = [{ topic: "v1/devices/me/telemetry", payload }];
    const environment = prepare(folder, sent, "filters: [v1/#]");
    expect(await linesOf(environment)).toEqual([
      "time,topic,h,t",
      "2025-12-31T23:59:58.000000Z,v1/devices/me/telemetry,40,1",
      "2025-12-31T23:59:59.000000Z,v1/devices/me/telemetry,41,2",
      "2025-12-31T23:59:59.000000Z,v1/devices/me/telemetry,,3",
    ]);
  });

  test("has the names that a birth before the range gave, as the catalogue keeps them", async () => {
    using folder = temporaryFolder();
    const birthUs = Date.parse("2026-11-27T08:30:00Z") * 1_000;
    const environment = prepare(
      folder,
      [
        { topic: "spBv1.0/Mill/NBIRTH/line-3", payload: BIRTH, receivedUs: birthUs },
        {
          topic: "spBv1.0/Mill/NDATA/line-3",
          payload: DATA,
          receivedUs: birthUs + 5 * SECOND_US,
        },
      ],
      "filters: [spBv1.0/#]",
    );
    await follow(environment);
    expect(await linesOf(environment, "--from", "2026-11-27T08:30:05Z")).toEqual([
      "time,topic,Cabinet/Temperature,Uptime",
      "2026-11-27T08:30:04.500000Z,spBv1.0/Mill/line-3,32.25,",
      "2026-11-27T08:30:05.000000Z,spBv1.0/Mill/line-3,,86405",
    ]);
  });

  test("keeps columns apart whatever devices call their attributes", async () => {
    using folder = temporaryFolder();
    const payload =
      '{"topic":1,"n":{"time":2},"a,b":3,"say \\"x\\"":4,"__proto__":5,"7":6,"=1+1":7}';
    const environment = prepare(folder, [{ topic: "home/=x", payload }]);
    const header = `time,topic,7,=1+1,['topic'],__proto__,"a,b",n.time,"say ""x"""`;
    expect((await linesOf(environment))[0]).toBe(header);
    const [guarded, row] = await linesOf(environment, "--spreadsheet");
    expect(guarded).toBe(header.replace("=1+1", "'=1+1"));
    expect(row).toBe("2026-01-01T00:00:00.000000Z,home/=x,6,7,1,5,3,2,4");
    const [line = ""] = await linesOf(environment, "--format", "jsonl");
    expect(Object.entries(JSON.parse(line)).length).toBe(9);
    expect(line).toContain(`"['topic']":1`);
  });

  test("says so when there is no number, and leaves out retained messages", async () => {
    using folder = temporaryFolder();
    const environment = prepare(folder, [
      { topic: "home/a", payload: "spring" },
      { topic: "home/a", payload: "1", retained: true },
      { topic: "home/a", payload: "" },
    ]);
    expect(await run(environment)).toEqual({
      code: 0,
      out: "time,topic\r\n",
      err: "weir export: no series in these messages; weir explain <topic> shows why\n",
    });
  });

  test("writes another table, for another file, after a cursor", async () => {
    using folder = temporaryFolder();
    const environment = prepare(folder, CLIMATE);
    const output = folder.file("first.csv");
    const first = await run(environment, "--limit", "2", "--output", output);
    const [, cursor = ""] = /--cursor (\S+)/.exec(first.err) ?? [];
    expect(readFileSync(output, "utf8")).toMatch(/^time,topic,humidity,temperature,value\r\n/);
    const again = await run(environment, "--cursor", cursor, "--output", output);
    expect(again).toMatchObject({ code: 78, err: expect.stringContaining("is there already") });
    expect(await linesOf(environment, "--cursor", cursor)).toEqual([
      "time,topic,temperature,window",
      "2026-01-01T00:00:02.000000Z,home/a,-3,1",
    ]);
    const jsonl = ["--format", "jsonl"];
    expect(await linesOf(environment, "--cursor", cursor, ...jsonl)).toHaveLength(1);
  });

  test("refuses a stream without series, before it makes a file", async () => {
    using folder = temporaryFolder();
    const environment = prepare(folder, CLIMATE, "filters: [home/#], series: off");
    const output = folder.file("out.csv");
    expect(await run(environment, "--output", output)).toMatchObject({
      code: 78,
      err: expect.stringContaining("--wide: the stream home has no series\nRemove series: off"),
    });
    expect(existsSync(output)).toBe(false);
  });

  test("refuses more columns than a table can have; jsonl has them", async () => {
    using folder = temporaryFolder();
    const sent = Array.from({ length: 41 }, (_, index) => {
      const fields = Array.from({ length: 250 }, (_, field) => [`f${index}-${field}`, field]);
      return { topic: "home/a", payload: JSON.stringify(Object.fromEntries(fields)) };
    });
    const environment = prepare(folder, sent);
    const output = folder.file("out.csv");
    expect(await run(environment, "--output", output)).toMatchObject({
      code: 78,
      out: "",
      err: expect.stringContaining("more than 10000 columns\nChoose topics with --topic"),
    });
    expect(existsSync(output)).toBe(false);
    expect(await linesOf(environment, "--format", "jsonl")).toHaveLength(41);
  });

  test("ends on Ctrl-C while it looks for the columns", async () => {
    using folder = temporaryFolder();
    const environment = prepare(folder, CLIMATE);
    const output = folder.file("out.csv");
    const argv = ["export", "--stream", "home", "--wide", "--output", output];
    const { ended } = startHere(argv, { environment, signal: AbortSignal.abort("SIGINT") });
    expect(await ended).toEqual({
      code: 130,
      out: "",
      err: "weir export: stopped before the first message\n",
    });
    expect(existsSync(output)).toBe(false);
  });

  test("keeps a file that it was to append to when Ctrl-C comes first", async () => {
    using folder = temporaryFolder();
    const environment = prepare(folder, CLIMATE);
    const output = folder.file("out.jsonl");
    const argv = ["--format", "jsonl", "--output", output];
    const { err } = await run(environment, "--limit", "1", ...argv);
    const [, cursor = ""] = /--cursor (\S+)/.exec(err) ?? [];
    const before = readFileSync(output, "utf8");
    const again = ["export", "--stream", "home", "--wide", "--cursor", cursor, ...argv];
    const signal = AbortSignal.abort("SIGINT");
    expect(await startHere(again, { environment, signal }).ended).toMatchObject({ code: 130 });
    expect(readFileSync(output, "utf8")).toBe(before);
  });

  test("ends with a fault when a message brings a column after the columns were found", () => {
    const values = new Map([["new", 1]]);
    const csv = createWideCsv(() => [{ topic: "a", observedUs: START_US, values }], ["old"], {
      newColumn,
    });
    const message = { cursor: "s:1" } as Parameters<typeof csv.line>[0];
    expect(faultOf(() => csv.line(message)).message).toContain('meanwhile: "new"');
  });

  test("takes a day of a time zone by the times of reception", async () => {
    using folder = temporaryFolder();
    const hours = [-2, -1, 22, 23];
    const sent = hours.map((hour) => {
      return { topic: "home/a", payload: String(hour), receivedUs: START_US + hour * HOUR_US };
    });
    const argv = ["--day", "2026-01-01", "--time-zone", "Europe/Berlin"];
    expect(await linesOf(prepare(folder, sent), ...argv)).toEqual([
      "time,topic,value",
      "2025-12-31T23:00:00.000000Z,home/a,-1",
      "2026-01-01T22:00:00.000000Z,home/a,22",
    ]);
  });
});

/** Reads the stream into the catalogue, as stats does. */
async function follow(environment: Record<string, string>): Promise<void> {
  const { streams, indexFile, skewUs } = readStatsConfig(environment).series;
  const home = streams.find(({ name }) => name === "home");
  if (home === undefined) throw new Error("there is a stream home");
  using catalogue = new Catalogue(indexFile);
  const reader = openSeriesReader(home, skewUs);
  const stream = catalogue.stream("home");
  for await (const { messages } of readRange(home.place)) {
    for (const message of messages) {
      const row = { ...positionOf(message.cursor), receivedUs: message.receivedUs };
      stream.note(reader.read(message, stream.memory.at(row)), row);
    }
  }
  catalogue.save();
}

// From test/payloads/sparkplug: a birth, and data that has only the aliases of the birth.
const BIRTH = Buffer.from(
  "08c0d680e1a134120b0a05626453657120045807121c0a144e6f646520436f6e74726f6c2f526562697274681001200b" +
    "700012480a13436162696e65742f54656d7065726174757265100218c0d680e1a13420094a210a07656e67556e69740a" +
    "07656e67486967681207080c4203c2b043120408031850650000fc4112200a06557074696d65100320084a0e0a05756e" +
    "6974731205080c4201735880a30512130a084669726d776172651004200c7a03342e311800",
  "hex",
);
const DATA = Buffer.from(
  "08c8fd80e1a134120e100218d4f980e1a1346500000142120610035885a3051801",
  "hex",
);
