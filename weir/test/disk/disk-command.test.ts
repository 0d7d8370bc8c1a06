import { globSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { lockByAnother, openTestStore, readingAt, START_US, temporaryFolder } from "@weir/testkit";
import { startHere } from "../fixture.ts";
import { storePlug } from "../plug.ts";
import { disk, diskAsJson, openDays } from "./fixture.ts";

const bytesOf = (pattern: string): number =>
  globSync(pattern).reduce((sum, file) => sum + statSync(file).size, 0);

describe("weir disk", () => {
  test("adds up every file of a stream by its kind, while it is written", async () => {
    using folder = temporaryFolder();
    using _store = openDays(folder, 3);
    const day = folder.file("barn/2026-01-01");
    writeFileSync(
      join(day, "barn-20260101T000000.000000Z.db.damaged-20260102T000000000Z"),
      "12345",
    );
    writeFileSync(join(day, "barn-20260101T000000.000000Z.parquet.hidden"), "123");
    const history = folder.file("history/stream=barn/month=2026-01");
    mkdirSync(history, { recursive: true });
    writeFileSync(join(history, "2026-01-01.000000001.parquet"), "1234567");
    writeFileSync(join(history, "2026-01-01.000000002.parquet.making"), "12");
    writeFileSync(join(history, "2026-01-01.000000003.parquet.damaged"), "1");
    // Before, because a reader makes an index of a write-ahead log where there is none.
    const stored = bytesOf(folder.file("barn/*/*Z.db*")) - 5;
    const all = bytesOf(folder.file("{barn,history}/**/*.*"));
    const { code, err, barn } = await diskAsJson(folder);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(barn.files).toMatchObject({
      rows: { bytes: stored },
      archive: { files: 0, bytes: 0 },
      history: { files: 1, bytes: 7 },
      setAside: { files: 3, bytes: 9 },
      other: { bytes: bytesOf(folder.file("barn/stream.*")) + 2 },
    });
    expect(barn.bytes).toBe(all);
    expect(barn.messages).toBe(3_000);
    expect(barn.firstReceived).toBe("2026-01-01T00:00:00.000Z");
  });

  test("counts the messages of the last seven days, and what they take", async () => {
    using folder = temporaryFolder();
    using _store = openDays(folder, 10);
    const { barn } = await diskAsJson(folder);
    const { bytesAMessage, ...rate } = barn.rate;
    // The payload, and what a row has besides.
    expect(bytesAMessage).toBeGreaterThan(60);
    expect(bytesAMessage).toBeLessThan(120);
    expect(rate).toEqual({
      messagesADay: 1_000,
      // A segment has some empty pages.
      bytesADay: expect.closeTo(1_000 * bytesAMessage + 40_960, 3),
      overMs: 7 * 86_400_000,
    });
  });

  test("takes what the empty pages of a file hide of its messages from their payloads", async () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file("weir.yaml"), "");
    using store = openTestStore(folder.file("weir.db"));
    store.append([readingAt(START_US), readingAt(START_US + 60_000_000)]);
    const { report } = await diskAsJson(folder, { day: 1 });
    const { bytesAMessage } = report.streams[0].rate;
    const [payload] = [JSON.stringify({ number: 1, epochtime: START_US / 1e6 })];
    expect(bytesAMessage).toBeCloseTo(payload.length + 32, 0);
  });

  test("knows when a stream has been silent", async () => {
    using folder = temporaryFolder();
    using _store = openDays(folder, 2, { history: "off" });
    const { barn } = await diskAsJson(folder, { day: 20 });
    // The logger begins a segment each day all the same.
    expect(barn.rate).toMatchObject({ messagesADay: 0, bytesADay: 40_960, overMs: 7 * 86_400_000 });
    expect(barn.growthBytesADay).toBeCloseTo(40_960, 3);
  });

  test("shows whose the messages are, without a catalogue by topic", async () => {
    using folder = temporaryFolder();
    using _store = openDays(folder, 4);
    const { report } = await diskAsJson(folder, { day: 4 });
    const [cow, owl] = report.largest;
    expect(cow).toMatchObject({ series: "barn:barn/cow", isSeries: false, points: null });
    expect(cow.messages / 4_000).toBeCloseTo(0.75, 1);
    expect(owl.messages + cow.messages).toBeCloseTo(4_000, 3);
    expect(cow.messageBytes / owl.messageBytes).toBeCloseTo(3, 0);
  });

  test("divides the messages of a topic among its series", async () => {
    using folder = temporaryFolder();
    storePlug(folder);
    const { out } = await disk(folder, { argv: ["--stream", "home"], day: 1 });
    expect(out).toMatch(/home:tele\/plug\/SENSOR#ENERGY\.Power +2 +20\.5 kB/);
    expect(out).toMatch(/home:tele\/plug\/SENSOR#ENERGY\.Total +2 +20\.5 kB/);
    expect(out).toMatch(/The index takes .* series 8\.19 kB.*, other tables /);
  });

  test("knows what of one file is a stream, and that retention keeps it from growing", async () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file("weir.yaml"), "");
    using store = openTestStore(folder.file("weir.db"));
    store.append([readingAt(START_US), readingAt(START_US + 60_000_000)]);
    const { out } = await disk(folder, { day: 1 });
    expect(out).toMatch(/^data +2 .* \+0 B +1d +no longer$/m);
  });

  test("names what belongs to no stream of weir.yaml any more", async () => {
    using folder = temporaryFolder();
    openDays(folder, 1)[Symbol.dispose]();
    writeFileSync(folder.file("weir.yaml"), "");
    const { report } = await diskAsJson(folder);
    expect(report.leftovers).toEqual([
      { folder: folder.file("barn"), bytes: bytesOf(folder.file("barn/**/*.*")) },
    ]);
  });
});

describe("what is missing or damaged", () => {
  test("takes nothing: no index, no folder of a stream", async () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file("weir.yaml"), "");
    const { code, out, err } = await disk(folder);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("There is no index yet: stats makes it.");
    expect(out).toContain("Nothing says yet how fast it grows.");
    expect(out).toMatch(/^devices +- /m);
  });

  test("ends with 69 where there is no store", async () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file("weir.yaml"), "");
    const nowhere = folder.file("nowhere");
    const environment = { DB_FILE: join(nowhere, "weir.db"), WEIR_FILE: folder.file("weir.yaml") };
    const { code, err } = await startHere(["disk"], { environment }).ended;
    expect(code).toBe(69);
    expect(err).toContain(`there is no store: ${nowhere} does not exist\nStart the suite first`);
  });

  test("is named, and the rest is shown, with exit code 1", async () => {
    using folder = temporaryFolder();
    storePlug(folder);
    const damage = "no database at all, and long enough to be taken for one";
    for (const journal of ["-wal", "-shm"])
      rmSync(folder.file(`index.db${journal}`), { force: true });
    writeFileSync(folder.file("index.db"), damage);
    for (const file of globSync(folder.file("home/*/*.db"))) writeFileSync(file, damage);
    const { code, out, err } = await disk(folder, { day: 1 });
    expect(code).toBe(1);
    expect(err).toContain(`weir disk: ${folder.file("index.db")} cannot be read`);
    expect(err).toMatch(/home-20260101T000000\.000000Z\.db cannot be read/);
    expect(out).toMatch(/^home +- /m);
  });

  test("is a file that another program has to itself: the rest is shown", async () => {
    using folder = temporaryFolder();
    storePlug(folder);
    const [segment = ""] = globSync(folder.file("home/*/*.db"));
    await using _lock = await lockByAnother(segment, "PRAGMA locking_mode = EXCLUSIVE");
    const { code, out, err } = await disk(folder, { day: 1 });
    expect(code).toBe(1);
    expect(err).toContain(`weir disk: ${segment} cannot be read`);
    expect(out).toMatch(/^home +- +41 kB/m);
    expect(out).toMatch(/^data +- /m);
  });

  test("is a stream of no such name: 78", async () => {
    using folder = temporaryFolder();
    openDays(folder, 1)[Symbol.dispose]();
    const { code, err } = await disk(folder, { argv: ["--stream", "bran"] });
    expect(code).toBe(78);
    expect(err).toContain('--stream: there is no "bran"');
  });
});
