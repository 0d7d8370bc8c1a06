import { writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { faultOf, temporaryFolder } from "@weir/testkit";
import Sqlite from "better-sqlite3";
import { WorkflowsLog } from "../../src/log/workflows-log.ts";
import { commitOf, effectOf, flowOf, NOW_MS, runOf } from "./commits.ts";

const DAY_MS = 86_400_000;

describe("the log of runs", () => {
  test("keeps the newest state of each key, however many there have been and whenever it ends", () => {
    using folder = temporaryFolder();
    const file = folder.file("workflows.db");
    const flows = flowOf();
    const stateOf = (key: number, at: number) => ({
      ...{ flow: "one", node: "warm", key: `k-${key}` },
      cell: { state: { at }, wakeMs: at },
    });
    const gone = { flow: "one", node: "warm", key: "k-1", cell: null };
    {
      using log = new WorkflowsLog(file);
      log.commit(commitOf({}, { running: { flows, waiting: new Set() } }));
      for (let at = 1; at <= 30; at += 1) {
        const keys = Array.from({ length: 1_000 }, (_, key) => key);
        log.commit(commitOf({ states: keys.map((key) => stateOf(key, at)) }));
      }
      // What fails is as if it had not been.
      const broken = { ...stateOf(0, 31), cell: { state: 1n, wakeMs: null } };
      expect(() => log.commit(commitOf({ states: [stateOf(2, 31), broken] }))).toThrow(TypeError);
      log.commit(commitOf({ states: [gone, stateOf(0, 32)] }));
    }
    using log = new WorkflowsLog(file);
    const { states } = log.kept.of(flows);
    const kept = new Map(Array.from(states, ({ key, state, wakeMs }) => [key, { state, wakeMs }]));
    expect(kept.size).toBe(999);
    expect(kept.get("k-0")).toEqual({ state: { at: 32 }, wakeMs: 32 });
    expect(kept.get("k-2")).toEqual({ state: { at: 30 }, wakeMs: 30 });
    expect(kept.has("k-1")).toBe(false);
  });

  test("refuses a damaged file, and one of another program", () => {
    using folder = temporaryFolder();
    const file = folder.file("workflows.db");
    writeFileSync(file, "x".repeat(5_000));
    expect(faultOf(() => new WorkflowsLog(file)).message).toMatch(/WORKFLOWS_FILE: .* is damaged/);
    const other = folder.file("other.db");
    new Sqlite(other).exec("CREATE TABLE t (a)").close();
    expect(faultOf(() => new WorkflowsLog(other)).message).toMatch(/belongs to another program/);
  });

  test("keeps the newest runs of each workflow, and none that is a month old", () => {
    using folder = temporaryFolder();
    using log = new WorkflowsLog(folder.file("workflows.db"));
    const ids = Array.from({ length: 700 }, (_, index) => index + 1);
    for (const id of ids) log.commit(commitOf({ runs: [runOf(id)] }));
    log.commit(commitOf({ runs: [runOf(701, { flow: "other" })] }));
    const oldest = (flow: string) => log.runs.search({ flow, limit: 200, beforeId: 202 }).length;
    expect(oldest("one")).toBe(1);
    expect(log.runs.find(701)).not.toBeNull();
    log.tidy(NOW_MS + 31 * DAY_MS);
    log.tidy(NOW_MS + 31 * DAY_MS);
    expect(log.runs.search({ limit: 10 })).toEqual([]);
  });

  test("keeps each run whose actions wait, however old it is and however many there are", () => {
    using folder = temporaryFolder();
    using log = new WorkflowsLog(folder.file("workflows.db"));
    for (let id = 1; id <= 700; id += 1) {
      const effects = id <= 50 ? [effectOf(id), effectOf(id)] : [];
      log.commit(commitOf({ runs: [runOf(id)], effects }));
    }
    const waiting = log.outbox.due("publish", NOW_MS, 100);
    expect(waiting).toHaveLength(100);
    const ends = (actions: typeof waiting) =>
      actions.map((action) => {
        return { action, end: "done", outcome: { isDone: true, result: null } } as const;
      });
    // One of the two actions of each run.
    log.commit(commitOf({}, { ended: ends(waiting.filter((_, at) => at % 2 === 0)) }));
    log.tidy(NOW_MS + 31 * DAY_MS);
    log.tidy(NOW_MS + 31 * DAY_MS);
    expect(log.runs.search({ limit: 100 }).map(({ id }) => id)).toEqual(
      Array.from({ length: 50 }, (_, at) => 50 - at),
    );
    log.commit(commitOf({}, { ended: ends(waiting) }));
    log.tidy(NOW_MS + 31 * DAY_MS);
    expect(log.runs.search({ limit: 10 })).toEqual([]);
  });

  test("keeps of runs that did nothing the newest, and what one did later", () => {
    using folder = temporaryFolder();
    using log = new WorkflowsLog(folder.file("workflows.db"));
    const quiet = (id: number) => log.commit(commitOf({ runs: [runOf(id, { isQuiet: true })] }));
    quiet(1);
    quiet(2);
    log.tidy(NOW_MS);
    quiet(3);
    expect(log.runs.search({ limit: 10 }).map(({ id }) => id)).toEqual([3]);
    quiet(4);
    log.commit(commitOf({ runs: [runOf(4, { trigger: null, data: null })] }));
    expect(log.runs.find(4)).toMatchObject({ trigger: "reading", data: { value: 4 } });
    expect(log.runs.find(4)?.steps).toHaveLength(2);
  });

  test("finds runs by device and by state", () => {
    using folder = temporaryFolder();
    using log = new WorkflowsLog(folder.file("workflows.db"));
    const failing = runOf(2, { data: { device: "home:100%_attic" } });
    for (const step of failing.steps) step.problem = "it failed";
    log.commit(commitOf({ runs: [runOf(1), failing, runOf(3)], effects: [effectOf(3)] }));
    const find = (query: object) => log.runs.search({ limit: 10, ...query }).map(({ id }) => id);
    expect(find({ about: "KITCHEN" })).toEqual([3, 1]);
    expect(find({ about: "100%_" })).toEqual([2]);
    expect(find({ about: "1000" })).toEqual([]);
    expect(find({ state: "failed" })).toEqual([2]);
    expect(find({ state: "waiting" })).toEqual([3]);
    expect(find({ flow: "other" })).toEqual([]);
  });

  test("bounds what it keeps of large data", () => {
    using folder = temporaryFolder();
    using log = new WorkflowsLog(folder.file("workflows.db"));
    const data = { series: "home:a#t", value: 1, payload: "x".repeat(10_000_000) };
    log.commit(commitOf({ runs: [runOf(1, { data })] }));
    const kept = log.runs.find(1)?.data;
    expect(kept).toEqual({ ...data, payload: "… 10000002 characters left out" });
  });

  test("ends an action once, and knows those that were begun before a kill", () => {
    using folder = temporaryFolder();
    const file = folder.file("workflows.db");
    const first = new WorkflowsLog(file);
    first.commit(commitOf({ runs: [runOf(1)], effects: [effectOf(1), effectOf(1)] }));
    const [begun] = first.outbox.due("publish", NOW_MS, 10);
    if (begun === undefined) throw new Error("nothing is due");
    first.outbox.begin([begun.id]);
    first[Symbol.dispose]();
    using log = new WorkflowsLog(file);
    const { outbox } = log;
    expect(outbox.interrupted()).toEqual([{ ...begun, state: "doing", attempts: 1 }]);
    expect(outbox.due("publish", NOW_MS, 10).map(({ id }) => id)).toEqual([begun.id + 1]);
    const ended = [
      { action: begun, end: "done", outcome: { isDone: true, result: null } } as const,
    ];
    log.commit(commitOf({}, { ended }));
    log.commit(commitOf({}, { ended }));
    expect(outbox.interrupted()).toEqual([]);
    expect(log.runs.find(1)?.state).toBe("waiting");
    expect(log.actionsOfDay(NOW_MS).get("one")).toBe(1);
  });
});
