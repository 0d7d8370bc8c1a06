import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { createTable } from "../output.ts";

/** The part of a .cpuprofile file with self time. */
interface CpuProfile {
  nodes: {
    id: number;
    callFrame: { functionName: string; url: string; lineNumber: number };
  }[];
  samples: number[];
  timeDeltas: number[];
}

const FUNCTIONS_SHOWN = 20;
/** How long a logger takes to start and to be warmed: what is asked is where its time goes after that. */
const STARTING_MS = 1_500;
const NOT_BUSY = new Set(["(idle)", "(program)"]);

/** Options of Node that write a profile when the process ends. */
export function profileOptions(folder: string | null): readonly string[] {
  return folder === null
    ? []
    : ["--cpu-prof", `--cpu-prof-dir=${folder}`, "--cpu-prof-interval=500"];
}

/** Where the time of each profiled process went: the functions with the most self time. */
export function renderProfile(folder: string): string {
  if (!existsSync(folder)) return "no profile was written";
  const files = readdirSync(folder).filter((name) => name.endsWith(".cpuprofile"));
  return files
    .map((name) => `\n${join(folder, name)}\n${renderFile(join(folder, name))}`)
    .join("\n");
}

function renderFile(file: string): string {
  // Node has written it.
  const profile = JSON.parse(readFileSync(file, "utf8")) as CpuProfile;
  const selfMs = selfTimesMs(profile);
  const busyMs = [...selfMs]
    .filter(([name]) => name !== "(idle)")
    .reduce((sum, [, ms]) => sum + ms, 0);
  const table = createTable("function", "self ms", "of busy");
  const busiest = [...selfMs]
    .filter(([name]) => !NOT_BUSY.has(name))
    .sort(([, a], [, b]) => b - a)
    .slice(0, FUNCTIONS_SHOWN);
  for (const [name, ms] of busiest) {
    table.push([name, ms.toFixed(0), `${((ms / busyMs) * 100).toFixed(1)} %`]);
  }
  return table.toString();
}

/** Self time by function and place, in milliseconds, without the first `skippedMs`. */
export function selfTimesMs(
  { nodes, samples, timeDeltas }: CpuProfile,
  skippedMs: number = STARTING_MS,
): Map<string, number> {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const times = new Map<string, number>();
  let sinceStartMs = 0;
  for (const [index, id] of samples.entries()) {
    const deltaMs = (timeDeltas[index] ?? 0) / 1_000;
    sinceStartMs += deltaMs;
    if (sinceStartMs <= skippedMs) continue;
    const name = names.get(id) ?? "(unknown)";
    times.set(name, (times.get(name) ?? 0) + deltaMs);
  }
  return times;
}

function nameOf({
  functionName,
  url,
  lineNumber,
}: CpuProfile["nodes"][number]["callFrame"]): string {
  const name = functionName === "" ? "(anonymous)" : functionName;
  return url === "" ? name : `${name} ${basename(url)}:${lineNumber + 1}`;
}
