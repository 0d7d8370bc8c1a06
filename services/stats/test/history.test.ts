import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "@jest/globals";
import { openTestStore, overwrite, START_US, temporaryFolder } from "@weir/testkit";
import {
  FLUSH_MS,
  keptPoints,
  meterRow,
  openHome,
  START_MS,
  startSubject,
  throughOf,
} from "./history-subject.ts";
import { SECOND_US } from "./states.ts";

const HOME = "home: { filters: [home/#] }";
const POWER = ["home", "home/meter", "power"] as const;
const at = (second: number): number => START_US + second * SECOND_US;
const power = (second: number) => meterRow(second, { power: second });
const filesOf = (folder: ReturnType<typeof temporaryFolder>): string[] =>
  readdirSync(folder.file("history"), { recursive: true })
    .map(String)
    .filter((name) => name.includes(".parquet"))
    .sort();
const MANY = Object.fromEntries(Array.from({ length: 250 }, (_, index) => [`a${index}`, 1]));
const upTo = (count: number): [number, number][] =>
  Array.from({ length: count }, (_, index) => [index, index]);

describe("the history of a stream", () => {
  test("has each point of each series ten minutes after it came", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    await using subject = startSubject(folder, HOME);
    store.append([meterRow(0, { power: 100.5, relay: "ON" }), meterRow(1, { power: 200 })]);
    store.append([meterRow(2, { temperature: 21.5 }, "home/barn")]);
    await subject.flushThrough("home", { id: 3 });
    expect(keptPoints(folder, POWER)).toEqual([
      [0, 100.5],
      [1, 200],
    ]);
    expect(keptPoints(folder, ["home", "home/meter", "relay"])).toEqual([[0, 1]]);
    expect(keptPoints(folder, ["home", "home/barn", "temperature"])).toEqual([[2, 21.5]]);
    expect(subject.check("history")).toBe("ok");
    expect(await subject.metric("weir_history_points_total")).toBe(4);
    expect(await subject.metric("weir_history_files")).toBe(1);
  });

  test("has each point sooner where STATS_HISTORY_FLUSH_SECONDS says so", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    const settings = { STATS_HISTORY_FLUSH_SECONDS: "30" };
    await using subject = startSubject(folder, HOME, START_MS, settings);
    store.append([power(0)]);
    const waiting = () => subject.metric("weir_history_waiting_points");
    await subject.advanceUntil(async () => (await waiting()) === 1);
    const takenMs = subject.clock.now();
    await subject.advanceUntil(() => throughOf(folder, "home") !== null);
    // By the fake clock, which moves while a look is under way.
    expect(subject.clock.now() - takenMs).toBeLessThan(FLUSH_MS / 2);
    expect(keptPoints(folder, POWER)).toEqual(upTo(1));
  });

  test("has each point once after kills, and across a rotation", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    await using killed = startSubject(folder, HOME);
    store.append([power(0), power(1)]);
    await killed.flushThrough("home", { id: 2 });
    // Taken, and not written when the process is killed: nobody moves its clock any more.
    store.append([power(2)]);
    await killed.advanceUntil(
      async () => (await killed.metric("weir_history_waiting_points")) === 1,
    );
    store.append([power(3)]);
    store.rotate(at(4));
    store.append([power(4)]);
    await using subject = startSubject(folder, HOME, killed.clock.now());
    await subject.advanceUntil(
      async () => (await subject.metric("weir_history_waiting_points")) === 3,
    );
    store.append([power(5)]);
    await subject.flushThrough("home", { id: 6 });
    expect(keptPoints(folder, POWER)).toEqual(upTo(6));
  });

  test("has the rows that a clock stamped which was hours behind", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    const streams = "home: { filters: [home/#], statistics: true }";
    store.append([power(0)]);
    {
      await using before = startSubject(folder, streams);
      await before.advanceUntil(() => before.check("series") === "ok");
    }
    // It begins with what the windows need.
    await using subject = startSubject(folder, streams);
    store.append([power(1)]);
    await subject.flushThrough("home", { id: 2 });
    store.append([power(-7_200)]);
    await subject.flushThrough("home", { id: 3 });
    expect(keptPoints(folder, POWER)).toEqual([[-7_200, -7_200], ...upTo(2)]);
  });

  test("takes in a store that was there before, while rows come, and then goes on with these", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    for (let second = 0; second < 20; second += 1) store.append([power(second)]);
    store.rotate(at(20));
    store.append([power(20)]);
    {
      await using before = startSubject(folder, "home: { filters: [home/#], history: off }");
      await before.advanceUntil(() => before.check("series") === "ok");
      expect(throughOf(folder, "home")).toBeNull();
    }
    await using subject = startSubject(folder, HOME);
    for (let second = 21; second < 30; second += 1) {
      store.append([power(second)]);
      await subject.advanceUntil(() => true);
    }
    await subject.flushThrough("home", { id: 30 });
    expect(keptPoints(folder, POWER)).toEqual(upTo(30));
    expect(await subject.metric("weir_history_backfilled_rows_total")).toBeGreaterThanOrEqual(21);
    expect(await subject.metric("weir_history_backfill_lag_rows")).toBe(0);
  });

  test("lacks what retention removed while stats was down, and nothing else", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    store.append([power(0)]);
    {
      await using before = startSubject(folder, HOME);
      await before.flushThrough("home", { id: 1 });
    }
    store.append([power(1)]);
    const { sealed: first } = store.rotate(at(2));
    store.append([power(2)]);
    const { sealed: second } = store.rotate(at(3));
    store.append([power(3)]);
    for (const file of [first, second]) {
      for (const suffix of ["", "-wal", "-shm"]) rmSync(file + suffix, { force: true });
    }
    await using subject = startSubject(folder, HOME);
    await subject.flushThrough("home", { id: 4 });
    expect(keptPoints(folder, POWER)).toEqual([
      [0, 0],
      [3, 3],
    ]);
  });

  test("does not keep points that are older than it reaches", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    await using subject = startSubject(folder, "home: { filters: [home/#], history: 1h }");
    const time = (second: number) => ({ power: second, time: at(second) / SECOND_US });
    store.append([meterRow(0, time(-3 * 3_600)), meterRow(1, time(-10))]);
    await subject.flushThrough("home", { id: 2 });
    expect(keptPoints(folder, POWER)).toEqual([[-10, -10]]);
    expect(await subject.metric("weir_history_late_points")).toBe(1);
  });

  test("is of the stream data, too, where weir.yaml asks for it", async () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    store.append([{ ...power(0), topic: "DATA" }]);
    await using subject = startSubject(folder, "data: { history: 30d }");
    store.append([{ ...power(1), topic: "DATA" }]);
    await subject.flushThrough("data", { id: 2 });
    expect(keptPoints(folder, ["data", "DATA", "power"])).toEqual(upTo(2));
  });
});

describe("a history that weir.yaml switches", () => {
  test("off keeps its files, writes what was taken, and takes nothing more", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    await using subject = startSubject(folder, HOME);
    store.append([power(0)]);
    await subject.advanceUntil(
      async () => (await subject.metric("weir_history_waiting_points")) === 1,
    );
    await subject.reload("home: { filters: [home/#], history: off }");
    await subject.advanceUntil(() => throughOf(folder, "home")?.id === 1);
    store.append([power(1)]);
    subject.clock.advance(FLUSH_MS);
    await subject.advanceUntil(async () => (await subject.metric("weir_series")) === 1);
    expect(keptPoints(folder, POWER)).toEqual(upTo(1));
    // What came meanwhile is read from its rows.
    await subject.reload(HOME);
    store.append([power(2)]);
    await subject.flushThrough("home", { id: 3 });
    expect(keptPoints(folder, POWER)).toEqual(upTo(3));
  });

  test("to statistics goes on with each point once", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    await using subject = startSubject(folder, HOME);
    store.append([power(0)]);
    await subject.advanceUntil(
      async () => (await subject.metric("weir_history_waiting_points")) === 1,
    );
    await subject.reload("home: { filters: [home/#], statistics: true }");
    store.append([power(1)]);
    await subject.advanceUntil(
      async () => (await subject.metric("weir_history_waiting_points")) === 2,
    );
    await subject.reload("home: { filters: [home/#], history: 1d }");
    store.append([power(2)]);
    await subject.flushThrough("home", { id: 3 });
    expect(keptPoints(folder, POWER)).toEqual(upTo(3));
  });
});

describe("a history that cannot be written", () => {
  test("says why, and has everything as soon as it can", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    const place = folder.file("history/stream=home");
    mkdirSync(dirname(place));
    writeFileSync(place, "");
    await using subject = startSubject(folder, HOME);
    store.append([power(0)]);
    subject.clock.advance(FLUSH_MS);
    await subject.advanceUntil(() => subject.check("history")?.includes("home cannot be written"));
    expect(subject.context.faults).toEqual([]);
    store.append([power(1)]);
    await subject.advanceUntil(() => subject.check("series") === "ok");
    rmSync(place);
    await subject.flushThrough("home", { id: 2 });
    expect(keptPoints(folder, POWER)).toEqual(upTo(2));
    expect(subject.check("history")).toBe("ok");
  });

  test("pauses at its limit, without the catalogue, and has everything afterwards", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    const place = folder.file("history/stream=home");
    await using subject = startSubject(folder, HOME);
    store.append([power(0)]);
    await subject.flushThrough("home", { id: 1 });
    const moved = folder.file("moved");
    cpSync(place, moved, { recursive: true });
    rmSync(place, { recursive: true });
    writeFileSync(place, "");
    const rows = 8_200;
    for (let row = 0; row < rows; row += 100) {
      store.append(Array.from({ length: 100 }, (_, index) => meterRow(row + index, MANY)));
    }
    await subject.advanceUntil(
      async () => (await subject.metric("weir_history_waiting_points")) === 2_000_000,
    );
    await subject.advanceUntil(() => subject.check("history")?.includes("cannot be written"));
    rmSync(place);
    cpSync(moved, place, { recursive: true });
    await subject.flushThrough("home", { id: rows + 1 });
    for (const path of ["a0", "a249"]) {
      const kept = keptPoints(folder, ["home", "home/meter", path]);
      expect(kept.map(([second]) => second)).toEqual(upTo(rows).map(([second]) => second));
    }
  });

  test("leaves no unfinished file behind when stats stops", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    const unfinished = () => filesOf(folder).filter((file) => file.includes(".making"));
    {
      await using subject = startSubject(folder, HOME);
      for (let row = 0; row < 1_000; row += 100) {
        store.append(Array.from({ length: 100 }, (_, index) => meterRow(row + index, MANY)));
      }
      await subject.advanceUntil(
        async () => (await subject.metric("weir_history_waiting_points")) === 250_000,
      );
      subject.clock.advance(FLUSH_MS);
      // Stops while a file is being written.
      while (!existsSync(folder.file("history")) || unfinished().length === 0) await nextTurn();
    }
    expect(unfinished()).toEqual([]);
    expect(throughOf(folder, "home")).toBeNull();
    await using subject = startSubject(folder, HOME);
    await subject.flushThrough("home", { id: 1_000 });
    expect(keptPoints(folder, ["home", "home/meter", "a249"])).toHaveLength(1_000);
  });
});

describe("a file of points that is damaged", () => {
  test("is named, set aside, and read from the rows again", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    await using subject = startSubject(folder, HOME);
    store.append([power(0), power(2)]);
    await subject.flushThrough("home", { id: 2 });
    const [name = ""] = filesOf(folder);
    const file = folder.file(`history/${name}`);
    overwrite(file, 4, statSync(file).size - 8);
    // For the late point, those of its hour are read back.
    store.append([{ ...power(1), observedUs: at(1) }]);
    await subject.flushThrough("home", { id: 3 });
    await subject.advanceUntil(() => keptPoints(folder, POWER).length === 3);
    expect(keptPoints(folder, POWER)).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
    ]);
    expect(filesOf(folder)).toContain(`${name}.damaged`);
    expect(subject.context.health.report().warnings.history?.[0]).toContain("was damaged");
  });

  test("is read from the rows again where it was removed while stats was down", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    {
      await using before = startSubject(folder, HOME);
      store.append([power(0)]);
      await before.flushThrough("home", { id: 1 });
      store.append([power(1)]);
      await before.flushThrough("home", { id: 2 });
    }
    store.rotate(at(2));
    store.append([power(2)]);
    const [first = ""] = filesOf(folder);
    rmSync(folder.file(`history/${first}`));
    await using subject = startSubject(folder, HOME);
    await subject.flushThrough("home", { id: 3 });
    await subject.advanceUntil(() => keptPoints(folder, POWER).length === 3);
    expect(keptPoints(folder, POWER)).toEqual(upTo(3));
  });
});

describe("the history of a store of which an older copy is put back", () => {
  test("keeps what it has, and takes the rows that come then", async () => {
    using folder = temporaryFolder();
    const place = folder.file("home");
    {
      using store = openHome(folder);
      store.append([power(0)]);
    }
    cpSync(place, folder.file("copy"), { recursive: true });
    await using subject = startSubject(folder, HOME);
    {
      using store = openHome(folder);
      store.append([power(1), power(2)]);
      await subject.flushThrough("home", { id: 3 });
    }
    rmSync(place, { recursive: true });
    cpSync(folder.file("copy"), place, { recursive: true });
    await subject.advanceUntil(() => throughOf(folder, "home")?.id === 1);
    using store = openHome(folder);
    store.append([power(3)]);
    await subject.flushThrough("home", { id: 2 });
    expect(keptPoints(folder, POWER)).toEqual(upTo(4));
  });
});
