import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type FleetCounts,
  type FleetRequest,
  forgetFleet,
  startFleet,
} from "@weir/device-agent/fleet";
import { isName } from "@weir/protocol";
import {
  type Clock,
  type Environment,
  EXIT_CODES,
  exitCodeOf,
  grouped,
  listenForStopRequest,
  loadEnvironment,
  optionFault,
  parseArguments,
  print,
  readBroker,
  runCommand,
  systemClock,
} from "@weir/runtime";

const LIMITS = { devices: 10_000, rate: 100, seconds: 86_400 };

const FLEET_HELP = `npm run fleet -- [options]

Simulates many devices in one process: each with a connection of its own, a state at its rate, and an
ear for commands. For trying things out, and for load.

Options:
  --devices N      how many, 1 to ${LIMITS.devices} (default 100)
  --rate R         states a second of each, up to ${LIMITS.rate} (default 0.1: one every 10 s)
  --for SECONDS    how long (default: until Ctrl-C)
  --prefix NAME    first level of their topics (default devices)
  --name NAME      what they are called: NAME-1, NAME-2, … (default fleet)
  --seed N         the same walks each time
  --broker URL     default BROKER or BROKER_URL; user and password come from BROKER_USERNAME and
                   BROKER_PASSWORD or their files
  --help
`;

const OPTIONS = {
  devices: { type: "string" },
  rate: { type: "string" },
  for: { type: "string" },
  prefix: { type: "string" },
  name: { type: "string" },
  seed: { type: "string" },
  broker: { type: "string" },
  help: { type: "boolean" },
} as const;

/** @throws Fault naming what is wrong. */
function readFleetRequest(
  argv: readonly string[],
  environment: Environment,
): FleetRequest | "help" {
  const given = parseArguments(argv, OPTIONS);
  if (given.has("help")) return "help";
  const seconds = given.text("for");
  return {
    broker: readBroker(given.text("broker"), environment),
    devices: numberOf("devices", given.text("devices") ?? "100", {
      min: 1,
      max: LIMITS.devices,
      isWhole: true,
    }),
    rate: numberOf("rate", given.text("rate") ?? "0.1", { min: 0.0001, max: LIMITS.rate }),
    forMs:
      seconds === null ? null : 1_000 * numberOf("for", seconds, { min: 1, max: LIMITS.seconds }),
    prefix: nameOf("prefix", given.text("prefix") ?? "devices"),
    name: nameOf("name", given.text("name") ?? "fleet"),
    seed:
      given.text("seed") === null
        ? null
        : numberOf("seed", given.text("seed") ?? "", { min: 0, max: 2 ** 31, isWhole: true }),
  };
}

function numberOf(
  option: string,
  text: string,
  { min, max, isWhole = false }: { min: number; max: number; isWhole?: boolean },
): number {
  const number = Number(text);
  const isSound =
    text.trim() !== "" && number >= min && number <= max && (!isWhole || Number.isInteger(number));
  if (isSound) return number;
  throw optionFault(option, text, `a${isWhole ? " whole" : ""} number from ${min} to ${max}`);
}

/** A name that still is one with a number behind it. */
function nameOf(option: string, text: string): string {
  if (isName(`${text}-${LIMITS.devices}`)) return text;
  throw optionFault(option, text, "letters, digits, dots, underscores or hyphens, at most 58");
}

/** What a fleet's process has used since it began. */
interface Usage {
  elapsedMs: number;
  /** CPU time, user and system, in milliseconds. */
  cpuMs: number;
  residentBytes: number;
}

/** One line while it runs. */
function renderProgress(counts: FleetCounts, sentBefore: number, sinceMs: number): string {
  const rate = sinceMs > 0 ? Math.round(((counts.sent - sentBefore) * 1_000) / sinceMs) : 0;
  const { connected, sent, lost, commands } = counts;
  return `${grouped(connected)} connected, ${grouped(sent)} states sent (${grouped(rate)}/s), ${grouped(lost)} lost, ${grouped(commands)} commands`;
}

/** What is said at the end. */
function renderSummary(devices: number, counts: FleetCounts, usage: Usage): string {
  const { elapsedMs, cpuMs, residentBytes } = usage;
  const seconds = elapsedMs / 1_000;
  return [
    `${grouped(devices)} devices for ${seconds.toFixed(1)} s: ${grouped(counts.sent)} states sent`,
    `(${grouped(Math.round(counts.sent / seconds))}/s), ${grouped(counts.lost)} lost, ${grouped(counts.commands)} commands;`,
    `${((100 * cpuMs) / elapsedMs).toFixed(1)} % of a core, ${Math.round(residentBytes / 1_048_576)} MiB`,
  ].join(" ");
}

const TOLD_EVERY_MS = 2_000;

/**
 * `npm run fleet`.
 *
 * @returns the exit code.
 * @throws Fault naming what is wrong with the arguments, or what the fleet ended with.
 */
async function runFleet(
  argv: readonly string[],
  environment: Environment = loadEnvironment(),
): Promise<number> {
  const request = readFleetRequest(argv, environment);
  if (request === "help") {
    print(FLEET_HELP);
    return EXIT_CODES.ok;
  }
  const folder = mkdtempSync(join(tmpdir(), "weir-fleet-"));
  try {
    return await fly(request, folder, systemClock);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fly(request: FleetRequest, folder: string, clock: Clock): Promise<number> {
  const over = Promise.withResolvers<"time" | string>();
  const begunMs = clock.monotonic();
  const fleet = startFleet({ request, folder, onFault: over.reject, clock });
  let before = { sent: 0, atMs: begunMs };
  const telling = clock.repeat(TOLD_EVERY_MS, () => {
    const counts = fleet.counts();
    const nowMs = clock.monotonic();
    print(`${renderProgress(counts, before.sent, nowMs - before.atMs)}\n`);
    before = { sent: counts.sent, atMs: nowMs };
  });
  using _timer =
    request.forMs === null ? undefined : clock.schedule(request.forMs, () => over.resolve("time"));
  void listenForStopRequest().then(({ reason }) => over.resolve(reason));
  const reason = await over.promise;
  telling[Symbol.dispose]();

  const counts = fleet.counts();
  const { user, system } = process.cpuUsage();
  const usage = {
    elapsedMs: clock.monotonic() - begunMs,
    cpuMs: (user + system) / 1_000,
    residentBytes: process.memoryUsage.rss(),
  };
  print(`${renderSummary(request.devices, counts, usage)}\n`);
  await fleet[Symbol.asyncDispose]();
  await forgetFleet(request, clock);
  return reason === "time" ? EXIT_CODES.ok : exitCodeOf(reason);
}

await runCommand("fleet", () => runFleet(process.argv.slice(2)));
process.exit();
