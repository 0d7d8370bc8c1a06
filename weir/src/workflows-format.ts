import type { Alert, Run, Runs, Trial, Workflows } from "@weir/flows/contract";
import { timesFired } from "@weir/flows/times-fired";
import { visible } from "@weir/runtime";
import { columnsText, grouped } from "./command-line.ts";
import { timeText } from "./time.ts";

/** Lines of actions that are printed. */
const FIRED_LINES_MAX = 20;

const at = (ms: number, timeZone: string): string => timeText(Math.floor(ms) * 1_000, timeZone, 0);
const lines = (texts: readonly string[]): string => texts.map((text) => `${text}\n`).join("");

function table(rows: readonly (readonly string[])[]): string {
  return `${columnsText(rows.map((row) => row.map(visible)))}\n`;
}

export function workflowsText({ folder, files, problems, flows }: Workflows): string {
  const head = ["workflow", "file", "state", "last run", "actions in 24 h", "open alerts", "title"];
  const rows = flows.map((flow) => [
    flow.name,
    `${flow.file}.yaml`,
    flow.reason === null ? flow.state : `${flow.state}: ${flow.reason}`,
    flow.lastRun === null ? "" : at(flow.lastRun.startedMs, "UTC"),
    grouped(flow.actions24h),
    grouped(flow.openAlerts),
    flow.title,
  ]);
  const wrong = [...problems, ...files.flatMap((file) => file.problems)].map(visible);
  if (flows.length === 0) return lines([`there are no workflows in ${visible(folder)}`, ...wrong]);
  return table([head, ...rows]) + lines(wrong);
}

export function runsText({ runs }: Runs, timeZone: string): string {
  if (runs.length === 0) return "there are no runs\n";
  const rows = runs.map((run) => [
    String(run.id),
    at(run.startedMs, timeZone),
    run.flow,
    run.trigger,
    run.about,
    run.state,
    grouped(run.actions),
  ]);
  return table([["run", "time", "workflow", "began with", "about", "state", "actions"], ...rows]);
}

export function runText(run: Run, timeZone: string): string {
  const begun = `run ${run.id} of ${run.flow}, ${at(run.startedMs, timeZone)}: ${run.state}`;
  const data = `it began with ${run.trigger}: ${JSON.stringify(run.data)}`;
  const steps = run.steps.map(({ atMs, node, outputs, values, problem }) => [
    at(atMs, timeZone),
    node,
    outputs.join(", "),
    problem ?? (values === null ? "" : JSON.stringify(values)),
  ]);
  const actions = run.performed.map((one) => [
    at(one.atMs, timeZone),
    one.node,
    `${one.kind} ${one.state}`,
    one.problem === null ? one.what : `${one.what}: ${one.problem}`,
  ]);
  return (
    lines([begun, data].map(visible)) +
    table([["time", "node", "outputs", "values"], ...steps]) +
    (actions.length === 0 ? "" : table([["time", "node", "action", "what"], ...actions]))
  );
}

export function alertsText(alerts: readonly Alert[], timeZone: string): string {
  if (alerts.length === 0) return "there are no alerts\n";
  const rows = alerts.map((alert) => [
    String(alert.id),
    alert.severity,
    alert.state,
    at(alert.raisedMs, timeZone),
    alert.flow,
    alert.key,
    alert.title,
  ]);
  return table([["alert", "severity", "state", "raised", "workflow", "about", "title"], ...rows]);
}

/** What a workflow would have done, beside the version that is saved. */
export function trialText(flow: string, trial: Trial, timeZone: string): string {
  const { asked, saved, fromMs, toMs, events, source, tookMs, notes } = trial;
  const times = timesFired(asked.counts);
  const instead = saved === null ? "" : ` instead of ${grouped(timesFired(saved.counts))}`;
  const where = source === "both" ? "points and rows" : source;
  const heading = [
    `${flow} from ${at(fromMs, timeZone)} to ${at(toMs, timeZone)}:`,
    `it would have fired ${grouped(times)} ${times === 1 ? "time" : "times"}${instead}.`,
    `(${grouped(events)} readings and messages from ${where}, ${(tookMs / 1_000).toFixed(1)} s)`,
  ];
  const stopped = [asked, saved].map((version, index) =>
    version?.stopped == null
      ? []
      : [`${index === 0 ? "it" : "the saved version"} would have been stopped: ${version.stopped}`],
  );
  const kinds = [...new Set([asked, saved].flatMap((one) => Object.keys(one?.counts ?? {})))];
  const counts = kinds.map((kind) => [
    kind,
    grouped(asked.counts[kind] ?? 0),
    ...(saved === null ? [] : [grouped(saved.counts[kind] ?? 0)]),
  ]);
  const head = ["action", "times", ...(saved === null ? [] : ["saved version"])];
  const fired = asked.fired
    .slice(0, FIRED_LINES_MAX)
    .map((one) => [at(one.atMs, timeZone), one.node, one.kind, one.about, one.what]);
  const left = Object.values(asked.counts).reduce((sum, count) => sum + count, 0) - fired.length;
  return [
    lines([heading.join(" "), ...stopped.flat(), ...notes].map(visible)),
    kinds.length === 0 ? "" : `\n${table([head, ...counts])}`,
    fired.length === 0 ? "" : `\n${table([["time", "node", "action", "about", "what"], ...fired])}`,
    left > 0 && fired.length > 0 ? `${grouped(left)} more; --json lists up to 10,000.\n` : "",
  ].join("");
}
