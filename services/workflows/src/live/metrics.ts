import { Counter, Gauge, type Registry } from "@weir/runtime";
import type { Commit, WorkflowsLog } from "../log/workflows-log.ts";

interface Sources {
  log: WorkflowsLog;
  lagMs: () => number;
  lagRows: () => number;
  flows: () => { running: number; stopped: number };
}

/** What workflows show of themselves on /metrics. Labels come from fixed lists. @returns counts what a commit has brought. */
export function createMetrics(registry: Registry, { log, lagMs, lagRows, flows }: Sources) {
  const registers = [registry];
  new Gauge({
    name: "weir_workflows",
    help: "Workflows that run, and those that were stopped because they failed.",
    labelNames: ["state"],
    registers,
    collect() {
      for (const [state, count] of Object.entries(flows())) this.set({ state }, count);
    },
  });
  new Gauge({
    name: "weir_workflows_lag_seconds",
    help: "Age of what workflows have taken up last: how long ago all that was stored by then was taken.",
    registers,
    collect() {
      this.set(lagMs() / 1_000);
    },
  });
  new Gauge({
    name: "weir_workflows_lag_rows",
    help: "Committed rows of the segments that are being read that were not looked at yet.",
    registers,
    collect() {
      this.set(lagRows());
    },
  });
  new Gauge({
    name: "weir_workflows_alerts_new",
    help: "Alerts that are open and were not acknowledged.",
    labelNames: ["severity"],
    registers,
    collect() {
      for (const [severity, count] of Object.entries(log.alerts.open()))
        this.set({ severity }, count);
    },
  });
  new Gauge({
    name: "weir_workflows_actions_waiting",
    help: "Actions that were not done yet.",
    registers,
    collect() {
      this.set(log.outbox.size());
    },
  });
  const runs = new Counter({
    name: "weir_workflows_runs_total",
    help: "Runs that did something, and what has happened in them by the time of their first commit.",
    labelNames: ["outcome"],
    registers,
  });
  const actions = new Counter({
    name: "weir_workflows_actions_total",
    help: "Actions by what became of them: done, failed, uncertain, expired.",
    labelNames: ["outcome"],
    registers,
  });
  return ({ changes, ended }: Pick<Commit, "changes" | "ended">): void => {
    for (const { end } of ended) actions.inc({ outcome: end });
    for (const { trigger, isQuiet, steps } of changes.runs) {
      if (trigger === null || isQuiet) continue;
      const hasFailed = steps.some(({ problem }) => problem !== null);
      runs.inc({ outcome: hasFailed ? "failed" : "done" });
    }
  };
}
