import { describe, expect, test } from "@jest/globals";
import { canMountSmallDisk, mountSmallDisk, temporaryFolder } from "@weir/testkit";
import { WorkflowsLog } from "../../src/log/workflows-log.ts";
import { commitOf, effectOf, flowOf, NOW_MS, runOf } from "./commits.ts";

/** An action that cannot be written, when all else of its commit is. */
const BROKEN = { ...effectOf(1), data: { value: 1n } };
const RUNNING = { flows: flowOf(), waiting: new Set<string>() };

describe("a commit that fails", () => {
  (canMountSmallDisk() ? test : test.skip)(
    "on a full disk leaves the beginning of a run that goes on to the next one",
    () => {
      using disk = mountSmallDisk();
      using log = new WorkflowsLog(`${disk.path}/workflows.db`);
      log.commit(commitOf({ runs: [runOf(1, { isQuiet: true })] }));
      const goesOn = commitOf({
        runs: [runOf(1, { trigger: null, data: null })],
        stored: [{ name: "large", value: "x".repeat(50_000) }],
      });
      disk.fillBut(0);
      expect(() => log.commit(goesOn)).toThrow(/full/);
      disk.free();
      log.commit(goesOn);
      expect(log.runs.find(1)).toMatchObject({ trigger: "reading", data: { value: 1 } });
      expect(log.runs.find(1)?.steps).toHaveLength(2);
    },
  );

  test("leaves none of the runs that it began, and the newest ones from before", () => {
    using folder = temporaryFolder();
    using log = new WorkflowsLog(folder.file("workflows.db"));
    log.commit(commitOf({ runs: [runOf(1, { isQuiet: true })] }));
    const runs = [runOf(2, { isQuiet: true }), runOf(3, { flow: "other", isQuiet: true })];
    expect(() => log.commit(commitOf({ runs, effects: [BROKEN] }))).toThrow(TypeError);
    expect(log.runs.search({ limit: 10 }).map(({ id }) => id)).toEqual([1]);
  });

  test("leaves the removal of what is too many to a later one", () => {
    using folder = temporaryFolder();
    using log = new WorkflowsLog(folder.file("workflows.db"));
    const runs = Array.from({ length: 650 }, (_, at) => runOf(at + 1));
    log.commit(commitOf({ runs: runs.slice(0, 550) }));
    log.commit(commitOf({ runs: runs.slice(550, 649) }));
    const last = { runs: runs.slice(649) };
    expect(() => log.commit(commitOf({ ...last, effects: [BROKEN] }))).toThrow(TypeError);
    log.commit(commitOf(last));
    log.commit(commitOf({}));
    expect(log.runs.search({ limit: 1_000 })).toHaveLength(500);
  });

  test("leaves the workflows as they ran before it", () => {
    using folder = temporaryFolder();
    using log = new WorkflowsLog(folder.file("workflows.db"));
    log.commit(commitOf({}, { running: RUNNING }));
    const running = { ...RUNNING, flows: flowOf(2) };
    expect(() => log.commit(commitOf({ effects: [BROKEN] }, { running }))).toThrow(TypeError);
    const stop = { flow: "one", reason: "it failed too often", atMs: NOW_MS };
    log.commit(commitOf({ stops: [stop] }));
    expect(log.kept.of(flowOf()).stops).toEqual([stop]);
    expect(log.kept.of(flowOf(2)).stops).toEqual([]);
  });
});
