import { describe, expect, test } from "@jest/globals";
import { parseWorkflowFile } from "../../src/files/workflow-file.ts";
import { Workbench } from "../workbench.ts";

const flow = (topic: string) => `
flows:
  doors:
    nodes:
      door: { type: topic, topic: "${topic}" }
      show: { type: debug }
    wires: [door -> show]
`;

describe("topic", () => {
  test("each message on its topics begins a run, with payload, topic and device", () => {
    const bench = new Workbench(flow("home/+/door"));
    bench.message("home/hall/door", { open: true }, 0);
    bench.message("home/hall/window", { open: true }, 1);
    bench.message("home/shed/door", "ajar", 2);
    expect(bench.changes().runs.map(({ data }) => data)).toMatchObject([
      { topic: "home/hall/door", payload: { open: true }, key: "home:home/hall/door" },
      { topic: "home/shed/door", payload: "ajar" },
    ]);
  });

  test("refuses what is no filter", () => {
    const { problems } = parseWorkflowFile(flow("home/#/door"), "doors");
    expect(problems.join()).toContain("# may only be the last level");
  });

  test("goes on after a restart", () => {
    const bench = new Workbench(flow("#")).restarted();
    bench.message("home/hall/door", 1, 0);
    expect(bench.begun()).toEqual(["door:message"]);
  });
});
