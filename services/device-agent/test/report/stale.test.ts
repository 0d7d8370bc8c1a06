import { describe, expect, test } from "@jest/globals";
import { type Bench, createBench, createTestSource, INTERVAL_MS, within } from "./fixture.ts";

const SILENCE_MS = 60_000;
const fail = async (): Promise<never> => {
  throw new Error("it is off");
};

/** The stale attributes of the last state. */
const staleIn = ({ sent }: Bench): readonly string[] | undefined => sent.at(-1)?.state.stale;

async function passTurns(bench: Bench, turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await bench.pass(INTERVAL_MS);
}

describe("an attribute that is not measured any more", () => {
  test("is named in the states of the others after three intervals, until it is measured again", async () => {
    const walk = createTestSource("walk");
    const disk = createTestSource("disk", { attributes: ["used", "free"] });
    await using bench = createBench([walk, disk]);
    await bench.start();
    disk.answer = async () => ({ free: 1 });
    await passTurns(bench, 2);
    expect(staleIn(bench)).toBeUndefined();
    disk.answer = fail;
    await passTurns(bench, 1);
    expect(staleIn(bench)).toEqual(["used"]);
    await passTurns(bench, 2);
    expect(staleIn(bench)).toEqual(["used", "free"]);
    disk.says(2);
    await passTurns(bench, 1);
    expect(bench.sent.at(-1)?.state).toMatchObject({ data: { walk: 0, used: 2, free: 2 } });
    expect(staleIn(bench)).toBeUndefined();
  });

  test("is named in the states of another interval, too, and never in those that may arrive late", async () => {
    const door = createTestSource("door", { delivery: { class: "alarm" }, everyMs: 1_000 });
    const bell = createTestSource("bell", { delivery: { class: "event" }, everyMs: 1_000 });
    const walk = createTestSource("walk", { everyMs: INTERVAL_MS });
    const load = createTestSource("load", { everyMs: 60_000 });
    load.answer = fail;
    await using bench = createBench([door, bell, walk, load]);
    await bench.start();
    for (let second = 1; second <= 180; second += 1) await bench.pass(1_000);
    const naming = bench.sent.filter(({ state }) => state.stale !== undefined);
    expect(naming.map(({ state }) => [Object.keys(state.data), state.stale])).toEqual([
      [["walk"], ["load"]],
    ]);
  });

  test("is not stale while its deadband holds it back", async () => {
    const walk = createTestSource("walk");
    const quiet = createTestSource("quiet", { rule: within(1, SILENCE_MS) });
    await using bench = createBench([walk, quiet]);
    await bench.start();
    await passTurns(bench, 60);
    expect(bench.sent.every(({ state }) => state.stale === undefined)).toBe(true);
    expect(bench.data().filter((data) => "quiet" in data)).toHaveLength(11);
  });

  test("is not stale within its longest silence, and is reported when it is measured again, even within its deadband", async () => {
    const walk = createTestSource("walk");
    const quiet = createTestSource("quiet", { rule: within(1, SILENCE_MS) });
    await using bench = createBench([walk, quiet]);
    await bench.start();
    quiet.answer = fail;
    const turns = (3 * (SILENCE_MS + INTERVAL_MS)) / INTERVAL_MS;
    await passTurns(bench, turns - 1);
    expect(staleIn(bench)).toBeUndefined();
    await passTurns(bench, 1);
    expect(staleIn(bench)).toEqual(["quiet"]);
    bench.reporter.setRule("quiet", within(1, 100 * SILENCE_MS));
    quiet.says(0);
    await passTurns(bench, 1);
    expect(bench.data().at(-1)).toEqual({ walk: 0, quiet: 0 });
  });

  test("is stale also when its source was deactivated, and not when that was never active", async () => {
    const walk = createTestSource("walk");
    const disk = createTestSource("disk");
    const idle = createTestSource("idle", { isActive: false });
    await using bench = createBench([walk, disk, idle]);
    await bench.start();
    bench.reporter.setActiveSources(["walk"]);
    await passTurns(bench, 3);
    expect(staleIn(bench)).toEqual(["disk"]);
    bench.reporter.setActiveSources(["walk", "disk", "idle"]);
    await bench.pass(0);
    await passTurns(bench, 1);
    expect(staleIn(bench)).toBeUndefined();
  });

  test("does not become stale at once when its interval becomes shorter", async () => {
    const walk = createTestSource("walk", { everyMs: 1_000 });
    const slow = createTestSource("slow");
    await using bench = createBench([walk, slow]);
    bench.reporter.setIntervalMs(3_600_000);
    await bench.start();
    await bench.pass(3_000_000);
    bench.reporter.setIntervalMs(INTERVAL_MS);
    for (let second = 1; second <= 60; second += 1) await bench.pass(1_000);
    expect(bench.sent.every(({ state }) => state.stale === undefined)).toBe(true);
  });
});
