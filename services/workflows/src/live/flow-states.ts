import type { Engine } from "@weir/flows";
import type { FlowState } from "@weir/flows/contract";
import type { LoadedFiles } from "../files/loaded-files.ts";
import type { WorkflowsLog } from "../log/workflows-log.ts";

type RunningFlow = Engine["flows"] extends ReadonlyMap<string, infer F> ? F : never;

interface Sources {
  loaded: LoadedFiles;
  engine: Engine;
  log: WorkflowsLog;
}

/** How each workflow is, those that cannot run included, by name. */
export function flowStatesOf({ loaded, engine, log }: Sources, nowMs: number): FlowState[] {
  const lastRuns = log.runs.lastOfEach();
  const actions = log.actionsOfDay(nowMs);
  const openAlerts = log.alerts.openOfEach();
  const rest = (name: string) => ({
    lastRun: lastRuns.get(name) ?? null,
    actions24h: actions.get(name) ?? 0,
    openAlerts: openAlerts.get(name) ?? 0,
  });
  const states: FlowState[] = [];
  for (const { file, flows, invalid, problems } of loaded.files) {
    const wrong = new Set(invalid);
    for (const { name, title, isEnabled, nodes } of flows) {
      const flow = engine.flows.get(name);
      const stopped = flow?.stopped ?? null;
      const running = flow?.nodes;
      const buttons = nodes.flatMap(({ name: node }) =>
        (running?.get(node)?.behaviour.sources ?? [])
          .filter((source) => source.kind === "button")
          .map(({ label }) => ({ node, label })),
      );
      const isWrong = wrong.delete(name);
      const runs = stopped === null ? "running" : "stopped";
      const state = isEnabled ? runs : "off";
      states.push({
        name,
        file,
        title,
        state: isWrong ? "invalid" : state,
        reason: isWrong ? reasonOf(name, problems) : hindranceOf(flow),
        buttons,
        ...rest(name),
      });
    }
    for (const name of wrong) {
      const reason = reasonOf(name, problems);
      states.push({ name, file, title: "", state: "invalid", reason, buttons: [], ...rest(name) });
    }
  }
  return states.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Why a workflow is stopped, and until when, or what of it cannot work as it should. */
function hindranceOf(flow: RunningFlow | undefined): string | null {
  if (flow === undefined) return null;
  if (flow.stopped !== null) {
    return `${flow.stopped}; it runs again at ${new Date(flow.rest.untilMs).toISOString()}`;
  }
  const full = Array.from(flow.nodes.values(), ({ full }) => full?.problem ?? "");
  return full.find((problem) => problem !== "") ?? null;
}

/** What is wrong with a workflow, out of the problems of its file. */
function reasonOf(name: string, problems: readonly string[]): string {
  const own = problems.filter((problem) => problem.includes(`flows.${name}`));
  return (own.length > 0 ? own : problems).join("\n");
}
