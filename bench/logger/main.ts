// `npm run bench`: the logger beside its peers. docs/benchmarks.md says what is measured and how. In reading
// order: cases.ts (what is compared), contenders.ts, measure.ts (how), comparison.ts (rounds and claims),
// report.ts; load.ts, sender.ts, generator.ts and stand-in.ts send messages; the subjects receive them.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { print as printText } from "@weir/runtime";
import { casesOf } from "./cases.ts";
import { type Bench, type Case, type CaseResult, runCase } from "./comparison.ts";
import { measureGenerator, WARMING_SECONDS } from "./measure.ts";
import { findMosquitto, MOSQUITTO_REMEDY, OPEN, startMosquitto } from "./mosquitto.ts";
import { usageProblem } from "./process.ts";
import { renderProfile } from "./profile.ts";
import {
  describeMachine,
  machineWarnings,
  renderCase,
  renderMachine,
  renderVerdicts,
  resultsOf,
} from "./report.ts";

const OWN_PROGRAM = fileURLToPath(new URL("../../services/logger/src/main.ts", import.meta.url));
const ROUNDS = 5;
const ROUNDS_MAX = 100;

const USAGE = `npm run bench -- [options]
  --rounds N      how often each contender runs, in turns (default ${ROUNDS})
  --only A,B      only these cases
  --quick         one round of short loads, to see whether all of it works
  --soak          memory over 10 minutes instead of one
  --profile       one round; where the logger spends its time, by function
  --logger FILE   another logger's main.ts
  --help`;

export type Options = ReturnType<typeof parseOptions>;

/** @throws TypeError in words for a user. */
function parseOptions(argv: readonly string[]) {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      help: { type: "boolean", default: false },
      rounds: { type: "string" },
      only: { type: "string", default: "" },
      quick: { type: "boolean", default: false },
      soak: { type: "boolean", default: false },
      profile: { type: "boolean", default: false },
      logger: { type: "string", default: OWN_PROGRAM },
    },
  });
  const isShort = values.quick || values.profile;
  return {
    help: values.help,
    rounds: roundsOf(values.rounds ?? String(isShort ? 1 : ROUNDS)),
    /** Names of cases; empty for all. */
    only: values.only.split(",").filter((name) => name !== ""),
    isQuick: values.quick,
    isSoak: values.soak,
    isProfile: values.profile,
    /** The main.ts of this checkout's logger, or of another one to compare with. */
    program: values.logger,
  };
}

function roundsOf(text: string): number {
  const rounds = Number(text);
  if (Number.isInteger(rounds) && rounds >= 1 && rounds <= ROUNDS_MAX) return rounds;
  throw new TypeError(`--rounds: ${text} is not a whole number from 1 to ${ROUNDS_MAX}`);
}

// `npm run bench`: the logger beside its peers. docs/benchmarks.md says what is measured and how.
const RESULTS = fileURLToPath(new URL("../results/", import.meta.url));
const CACHE = fileURLToPath(new URL("../.cache/", import.meta.url));

const say = (text: string): void => printText(`${text}\n`, { to: process.stderr });
const print = (text: string): void => printText(`${text}\n`);

const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => interruption.abort(new Error(`ended by ${signal}`)));
}

/** The cases to run, or why they cannot. @throws Error in words for a user. */
function choose(options: Options, profileFolder: string | null): Case[] {
  const all = casesOf({ ...options, profileFolder, cacheFolder: CACHE }).map((one) =>
    profileFolder === null ? one : onlyFirst(one),
  );
  const unknown = options.only.filter((name) => !all.some((one) => one.name === name));
  if (unknown.length > 0) {
    const known = all.map(({ name }) => name).join(", ");
    throw new TypeError(`--only: there is no ${unknown.join(", ")}; there are ${known}`);
  }
  return all.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
}

/** A profile is of Weir, which comes first in each case. */
function onlyFirst(one: Case): Case {
  return { ...one, contenders: one.contenders.slice(0, 1), claims: [] };
}

async function runAll(cases: readonly Case[], rounds: number, bench: Bench): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (const one of cases) {
    const result = await runCase(bench, one, rounds);
    results.push(result);
    print(`${renderCase(result)}\n`);
  }
  return results;
}

async function main(options: Options): Promise<void> {
  const mosquitto = findMosquitto();
  const problem = usageProblem() ?? (mosquitto === null ? MOSQUITTO_REMEDY : null);
  if (problem !== null || mosquitto === null) throw new Error(problem ?? MOSQUITTO_REMEDY);

  const folder = mkdtempSync(join(tmpdir(), "weir-bench-"));
  mkdirSync(CACHE, { recursive: true });
  const startedAt = new Date().toISOString();
  const stamp = startedAt.replaceAll(/[:.]/g, "-");
  try {
    const profiles = options.isProfile ? join(RESULTS, `profile-${stamp}`) : null;
    const cases = choose(options, profiles);
    const bench: Bench = {
      mosquitto,
      folder: () => mkdtempSync(join(folder, "run-")),
      say,
      signal: interruption.signal,
    };
    const machine = describeMachine({ folder, mosquitto: await versionOf(bench) });
    print(renderMachine(machine));
    const ceiling = Math.round(await measureGenerator());
    print(`the load generator itself: ${ceiling.toLocaleString("en")} QoS 1 messages/s\n`);
    for (const warning of machineWarnings(machine, folder)) say(`*** ${warning} ***`);
    say(`this takes about ${Math.ceil(secondsOf(cases, options) / 60)} minutes`);

    const results = await runAll(cases, options.rounds, bench);
    print(profiles === null ? renderVerdicts(results) : renderProfile(profiles));
    mkdirSync(RESULTS, { recursive: true });
    const file = join(RESULTS, `logger-${stamp}.json`);
    writeFileSync(
      file,
      JSON.stringify(resultsOf({ startedAt, machine, options, results }), null, 2),
    );
    say(`results: ${file}`);
    if (results.some(({ failures }) => failures.length > 0)) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function versionOf(bench: Bench): Promise<string> {
  await using broker = await startMosquitto(bench.mosquitto, OPEN, bench.folder());
  return `${broker.version} (${bench.mosquitto.kind})`;
}

function secondsOf(cases: readonly Case[], { rounds }: Options): number {
  return cases.reduce((sum, { contenders, secondsEach, isOnce, prepareSeconds = 0 }) => {
    const times = isOnce === true ? 1 : rounds;
    return sum + prepareSeconds + times * (secondsEach + WARMING_SECONDS) * contenders.length;
  }, 0);
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) print(USAGE);
  else await main(options);
} catch (error) {
  say(interruption.signal.aborted || !(error instanceof Error) ? String(error) : error.message);
  process.exitCode = interruption.signal.aborted ? 130 : 1;
}
