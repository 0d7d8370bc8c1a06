// `npm run bench:history`: what history costs and how fast it answers, beside others that keep the same points.
// docs/benchmarks.md says what is measured and how. In reading order: sets.ts (the readings), subject.ts (who keeps
// them, and what is asked), store.ts and weir.ts (ours), cases.ts (what is compared), asking.ts (how); live.ts and
// archiving.ts measure beside a running logger.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { print as printText } from "@weir/runtime";
import { temporaryFolder } from "@weir/testkit";
import { type Bench, type Case, type CaseResult, runCase } from "../comparison.ts";
import { checkProcessorTime } from "../process.ts";
import {
  describeMachine,
  machineWarnings,
  renderCase,
  renderMachine,
  renderVerdicts,
  resultsOf,
  versionOf,
} from "../report.ts";
import { archiveCase } from "./archiving.ts";
import { checkSubjects } from "./asking.ts";
import { casesOf, checksOf, QUESTIONS } from "./cases.ts";
import { costCase } from "./cost.ts";
import { liveCase } from "./live.ts";
import { type DataSet, states, walks, years } from "./sets.ts";
import { SEGMENT_ROWS, type Store } from "./store.ts";
import { openSubjects } from "./subjects.ts";
import { victoriaMetrics } from "./victoria-metrics.ts";

const ROUNDS = 3;
const ROUNDS_MAX = 100;
const RESULTS = join(import.meta.dirname, "../results");

const SETS: Readonly<Record<string, (isQuick: boolean) => DataSet>> = {
  walks: (isQuick) => walks(isQuick ? { points: 3_000 } : {}),
  states: (isQuick) => states(isQuick ? { topics: 50 } : {}),
  years: (isQuick) => years(isQuick ? { minutes: 40_000, tens: 20_000 } : {}),
};

const USAGE = `npm run bench:history -- [options]
  --rounds N    how often each subject is asked, in turns (default ${ROUNDS})
  --only A,B    only these sets: ${Object.keys(SETS).join(", ")}
  --cases A,B   only these cases of them, as the tables name them
  --quick       one round with few points, to see whether all of it works
  --help`;

type Options = ReturnType<typeof parseOptions>;

/** @throws TypeError in words for a user. */
function parseOptions(argv: readonly string[]) {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      help: { type: "boolean", default: false },
      rounds: { type: "string" },
      only: { type: "string", default: Object.keys(SETS).join(",") },
      cases: { type: "string", default: "" },
      quick: { type: "boolean", default: false },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? 1 : ROUNDS));
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > ROUNDS_MAX) {
    throw new TypeError(`--rounds: ${values.rounds} is not a whole number from 1 to ${ROUNDS_MAX}`);
  }
  const only = values.only.split(",").filter((name) => name !== "");
  const unknown = only.filter((name) => !(name in SETS));
  if (unknown.length > 0) throw new TypeError(`--only: there is no ${unknown.join(", ")}`);
  /** Empty for all. */
  const cases = values.cases.split(",").filter((name) => name !== "");
  return { help: values.help, rounds, only, cases, isQuick: values.quick };
}

const say = (text: string): void => printText(`${text}\n`, { to: process.stderr });
const print = (text: string): void => printText(`${text}\n`);

const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => interruption.abort(new Error(`ended by ${signal}`)));
}

async function main(options: Options): Promise<void> {
  checkProcessorTime();
  using folder = temporaryFolder();
  const bench: Bench = {
    folder: () => mkdtempSync(folder.file("run-")),
    say,
    signal: interruption.signal,
  };
  const startedAt = new Date().toISOString();
  // Debian's own build does not know its version.
  const programs = [versionOf("dpkg-query", ["-W", "victoria-metrics"]).replace("\t", " ")];
  const machine = describeMachine({ folder: folder.path, programs });
  print(renderMachine(machine));
  for (const warning of machineWarnings(machine, folder.path)) say(`*** ${warning} ***`);
  const results: CaseResult[] = [];
  for (const name of options.only) {
    const set = SETS[name]?.(options.isQuick);
    if (set !== undefined) results.push(...(await measureSet(set, bench, options)));
  }
  print(renderVerdicts(results));
  mkdirSync(RESULTS, { recursive: true });
  const file = join(RESULTS, `history-${startedAt.replaceAll(/[:.]/g, "-")}.json`);
  writeFileSync(file, JSON.stringify(resultsOf({ startedAt, machine, options, results }), null, 2));
  say(`results: ${file}`);
  if (results.some(({ failures }) => failures.length > 0)) process.exitCode = 1;
}

/** Gives a set to all subjects, checks that they agree, and compares them. */
async function measureSet(set: DataSet, bench: Bench, { rounds, isQuick, cases: names }: Options) {
  const folder = bench.folder();
  const results: CaseResult[] = [];
  try {
    await using subjects = await openSubjects(set, { folder, say, victoriaMetrics });
    await checkSubjects(set, checksOf(set, subjects));
    bench.say(`${set.name}: all answers agree`);
    const cases = casesOf(set, subjects, isQuick ? 20 : QUESTIONS);
    if (set.name === "states") cases.push(...processCases(set, subjects.store, isQuick));
    for (const one of cases.filter(({ name }) => names.length === 0 || names.includes(name))) {
      bench.signal.throwIfAborted();
      // The targets are for the whole sets.
      const result = await runCase(bench, isQuick ? { ...one, claims: [] } : one, rounds);
      results.push(result);
      print(`${renderCase(result)}\n`);
    }
  } finally {
    // A set takes a gigabyte.
    rmSync(folder, { recursive: true, force: true });
  }
  return results;
}

/** What the programs cost that write points and archives. */
function processCases(set: DataSet, store: Store, isQuick: boolean): Case[] {
  const [segment] = store.segments;
  if (segment === undefined) throw new RangeError("a store without a closed segment");
  const messages = Math.min(set.messages, SEGMENT_ROWS);
  return [
    costCase(set, store, isQuick),
    archiveCase(segment, messages),
    liveCase(segment, { isQuick }),
  ];
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) print(USAGE);
  else await main(options);
} catch (error) {
  say(interruption.signal.aborted || !(error instanceof Error) ? String(error) : error.message);
  process.exitCode = interruption.signal.aborted ? 130 : 1;
}
