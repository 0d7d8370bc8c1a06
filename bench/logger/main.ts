// `npm run bench`: the logger beside its peers. docs/benchmarks.md says what is measured and how. In reading
// order: cases.ts (what is compared), measure.ts (how), ../comparison.ts (rounds and claims), ../report.ts; load.ts
// and sender.ts send messages; subjects.ts and weir.ts receive them.
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { print as printText } from "@weir/runtime";
import { temporaryFolder } from "@weir/testkit";
import { type Case, type CaseResult, runCase } from "../comparison.ts";
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
import { casesOf } from "./cases.ts";
import { type LoggerBench, measureGenerator, WARMING_SECONDS } from "./measure.ts";
import { findMosquitto, OPEN, startMosquitto } from "./mosquitto.ts";
import { besideItself, checkOut, type OtherCommit } from "./other-commit.ts";
import { renderProfile } from "./profile.ts";

const OWN_PROGRAM = join(import.meta.dirname, "../../services/logger/src/main.ts");
const ROUNDS = 5;
const ROUNDS_MAX = 100;

const USAGE = `npm run bench -- [options]
  --rounds N      how often each contender runs, in turns (default ${ROUNDS})
  --only A,B      only these cases
  --quick         one round of short loads, to see whether all of it works
  --soak          memory over 10 minutes instead of one
  --profile       one round; where the logger spends its time, by function
  --compare REF   this checkout in turns with another commit, without the peers
  --logger FILE   another logger's main.ts
  --help`;

type Options = ReturnType<typeof parseOptions>;

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
      compare: { type: "string" },
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
    /** A commit to measure beside this checkout; `null` for the peers. */
    compare: values.compare ?? null,
    /** The main.ts of this checkout's logger, or of another one to compare with. */
    program: values.logger,
  };
}

function roundsOf(text: string): number {
  const rounds = Number(text);
  if (Number.isInteger(rounds) && rounds >= 1 && rounds <= ROUNDS_MAX) return rounds;
  throw new TypeError(`--rounds: ${text} is not a whole number from 1 to ${ROUNDS_MAX}`);
}

const RESULTS = join(import.meta.dirname, "../results");

const say = (text: string): void => printText(`${text}\n`, { to: process.stderr });
const print = (text: string): void => printText(`${text}\n`);

const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => interruption.abort(new Error(`ended by ${signal}`)));
}

/** The cases to run, or why they cannot. @throws Error in words for a user. */
function choose(
  options: Options,
  profileFolder: string | null,
  other: OtherCommit | null,
): Case<LoggerBench>[] {
  const given = { ...options, profileFolder };
  const others = other === null ? null : casesOf({ ...given, program: other.program });
  const all = casesOf(given).map((one, at) => {
    const same = others?.[at];
    if (other !== null && same !== undefined) return besideItself(one, same, other.ref);
    return profileFolder === null ? one : onlyFirst(one);
  });
  const unknown = options.only.filter((name) => !all.some((one) => one.name === name));
  if (unknown.length > 0) {
    const known = all.map(({ name }) => name).join(", ");
    throw new TypeError(`--only: there is no ${unknown.join(", ")}; there are ${known}`);
  }
  return all.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
}

/** A profile is of Weir, which comes first in each case. */
function onlyFirst(one: Case<LoggerBench>): Case<LoggerBench> {
  return { ...one, contenders: one.contenders.slice(0, 1), claims: [] };
}

async function main(options: Options): Promise<void> {
  checkProcessorTime();
  const mosquitto = findMosquitto();
  using folder = temporaryFolder();
  const bench: LoggerBench = {
    mosquitto,
    folder: () => mkdtempSync(folder.file("run-")),
    say,
    signal: interruption.signal,
  };
  const startedAt = new Date().toISOString();
  const stamp = startedAt.replaceAll(/[:.]/g, "-");
  const profiles = options.isProfile ? join(RESULTS, `profile-${stamp}`) : null;
  if (options.compare !== null) say(`installing what ${options.compare} needs`);
  const other =
    options.compare === null ? null : await checkOut(options.compare, folder.file("other"));
  const cases = choose(options, profiles, other);
  const machine = describeMachine({ folder: folder.path, programs: await programsOf(bench) });
  print(renderMachine(machine));
  const ceiling = Math.round(await measureGenerator());
  print(`the load generator itself: ${ceiling.toLocaleString("en")} QoS 1 messages/s\n`);
  for (const warning of machineWarnings(machine, folder.path)) say(`*** ${warning} ***`);
  say(`this takes about ${Math.ceil(secondsOf(cases, options) / 60)} minutes`);

  const results: CaseResult[] = [];
  for (const one of cases) {
    const result = await runCase(bench, one, options.rounds);
    results.push(result);
    print(`${renderCase(result)}\n`);
  }
  print(profiles === null ? renderVerdicts(results) : renderProfile(profiles));
  mkdirSync(RESULTS, { recursive: true });
  const file = join(RESULTS, `logger-${stamp}.json`);
  writeFileSync(file, JSON.stringify(resultsOf({ startedAt, machine, options, results }), null, 2));
  say(`results: ${file}`);
  if (results.some(({ failures }) => failures.length > 0)) process.exitCode = 1;
}

async function programsOf(bench: LoggerBench): Promise<string[]> {
  await using broker = await startMosquitto(bench.mosquitto, OPEN, bench.folder());
  const mosquitto = `${broker.version} (${bench.mosquitto.kind})`;
  return [mosquitto, versionOf("mosquitto_sub", ["--version"])];
}

function secondsOf(cases: readonly Case<LoggerBench>[], { rounds }: Options): number {
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
