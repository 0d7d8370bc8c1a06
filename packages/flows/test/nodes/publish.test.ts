import { describe, expect, test } from "@jest/globals";
import { parseWorkflowFile } from "../../src/files/workflow-file.ts";
import { Workbench } from "../workbench.ts";

const publish = (config: string): string => `
flows:
  out:
    nodes:
      any: { type: series, series: "+#x" }
      send: { type: publish, ${config} }
      failed: { type: debug }
    wires: [any -> send, send.error -> failed]
`;

describe("publish", () => {
  test("fills in topic and payload", () => {
    const bench = new Workbench(
      publish('topic: "rooms/{{deviceName}}/alarm", json: { at: "{{value}}" }, retain: true'),
    );
    bench.reading("hall#x", 7, 0);
    expect(bench.changes().effects[0]?.effect).toEqual({
      kind: "publish",
      topic: "rooms/hall/alarm",
      payload: '{"at":7}',
      qos: 1,
      retain: true,
    });
  });

  test("its trace names what the data does not have, also in JSON", () => {
    const json = '{ at: "{{vlaue}}", on: ["{{deivce}} {{value}}"], unit: "{{unit}}" }';
    const bench = new Workbench(publish(`topic: a, json: ${json}`));
    bench.reading("hall#x", 7, 0);
    const [, step] = bench.changes().runs.flatMap(({ steps }) => steps);
    expect(step?.values).toMatchObject({ unknown: ["vlaue", "deivce"] });
  });

  test.each(["$SYS/x", "a/+/b", "a/#", ""])("refuses the topic %j", (topic) => {
    const { problems } = parseWorkflowFile(publish(`topic: "${topic}"`), "test");
    expect(problems.join()).toMatch(/topic/);
  });

  test.each(["{{unit}}", "$SYS{{unit}}", "+{{unit}}"])(
    "goes on by error when %j becomes no topic",
    (topic) => {
      const bench = new Workbench(publish(`topic: "${topic}", text: x`));
      bench.reading("a#x", 1, 0);
      expect(bench.changes().effects).toEqual([]);
      expect(bench.path().at(-1)).toBe("failed:out");
    },
  );
});
