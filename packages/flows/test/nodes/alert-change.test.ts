import { describe, expect, test } from "@jest/globals";
import type { AlertChange } from "../../src/node/node.ts";
import { START_MS, Workbench } from "../workbench.ts";

const FLOW = `
flows:
  escalate:
    nodes:
      all: { type: alert-change }
      bad: { type: alert-change, flow: "freezer-*", severities: [critical], states: [new, cleared] }
      show: { type: debug }
    wires: [all -> show, bad -> show]
`;

function hear(bench: Workbench, change: Partial<AlertChange>): void {
  const alert = {
    flow: "freezer-cellar",
    node: "alarm",
    key: "home:freezer",
    severity: "critical",
    title: "warm",
    state: "new",
  } as const;
  bench.engine.take({ kind: "alerts", alert: { ...alert, ...change } }, START_MS);
}

describe("alert-change", () => {
  test("begins a run for the alerts that are meant, with the alert", () => {
    const bench = new Workbench(FLOW).restarted();
    hear(bench, {});
    hear(bench, { state: "acknowledged" });
    hear(bench, { severity: "warning" });
    hear(bench, { flow: "fridge" });
    hear(bench, { state: "cleared" });
    const states = bench
      .changes()
      .runs.filter(({ trigger }) => trigger === "bad")
      .map(({ data }) => data);
    expect(states).toMatchObject([
      { key: "home:freezer", alert: { title: "warm", state: "new" } },
      { alert: { state: "cleared" } },
    ]);
    expect(bench.changes().runs.filter(({ trigger }) => trigger === "all")).toHaveLength(5);
  });
});
