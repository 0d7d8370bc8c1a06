import { describe, expect, test } from "@jest/globals";
import { parseWorkflowFile } from "../../src/files/workflow-file.ts";
import { MINUTE_MS, Workbench } from "../workbench.ts";

const flow = (config: string) => `
flows:
  quiet:
    nodes:
      door: { type: topic, topic: door }
      hours: { type: schedule, ${config} }
      show: { type: debug }
    wires: [door -> hours, hours.inside -> show, hours.outside -> show]
`;

describe("schedule", () => {
  test("goes on by the time of the message", () => {
    // It begins at 12:00.
    const bench = new Workbench(flow('allow: "07:00-12:30"'));
    bench.message("door", 1, 29 * MINUTE_MS);
    bench.message("door", 1, 30 * MINUTE_MS);
    expect(bench.path()).toEqual([
      ...["door:message", "hours:inside", "show:out"],
      ...["door:message", "hours:outside", "show:out"],
    ]);
    const after = bench.restarted();
    after.message("door", 1, 31 * MINUTE_MS);
    expect(after.path()).toEqual(["door:message", "hours:outside", "show:out"]);
  });

  test.each([
    ['allow: "7:00-23:00"', "hours are written"],
    ['allow: "07:00-07:00"', "different times"],
    ['allow: "07:00-23:00", timeZone: Mars/Olympus', "Mars/Olympus"],
    ['allow: "07:00-23:00", days: [monday]', "mon"],
  ])("refuses %s", (config, words) => {
    expect(parseWorkflowFile(flow(config), "quiet").problems.join()).toContain(words);
  });
});
