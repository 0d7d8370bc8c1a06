import { describe, expect, test } from "@jest/globals";
import { NOTHING_KEPT } from "../../src/engine/engine.ts";
import { Workbench } from "../workbench.ts";

const flow = (config: string) => `
flows:
  read:
    nodes:
      reading: { type: series, series: "home/+#x" }
      limit: { type: stored, name: "limit of {{deviceName}}"${config} }
      seen: { type: debug }
      none: { type: debug }
    wires: [reading -> limit, limit -> seen, limit.missing -> none]
`;
const KEPT = { ...NOTHING_KEPT, stored: [{ name: "limit of a", value: 7 }] };

/** What the node has added. */
function added(bench: Workbench): unknown[] {
  return bench.dataAt("seen").map(({ limit }) => limit);
}

describe("stored", () => {
  test("reads the value that a template names", () => {
    const bench = new Workbench(flow(""), KEPT);
    bench.reading("home/a#x", 1, 0);
    expect(added(bench)).toEqual([{ name: "limit of a", value: 7 }]);
  });

  test("goes on by missing where nothing is stored", () => {
    const bench = new Workbench(flow(""), KEPT);
    bench.reading("home/b#x", 1, 0);
    expect(bench.path()).toEqual(["reading:reading", "limit:missing", "none:out"]);
  });

  test("takes a default instead", () => {
    const bench = new Workbench(flow(", default: 3"), KEPT);
    bench.reading("home/b#x", 1, 0);
    expect(added(bench)).toEqual([{ name: "limit of b", value: 3 }]);
  });
});
