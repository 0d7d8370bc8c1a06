import { addAbortListener } from "node:events";
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
import { type Environment, EXIT_CODES, print } from "@weir/runtime";
import type { Command } from "commander";
import {
  action,
  BROKER_OPTION,
  examples,
  exitCodeOf,
  type Given,
  grouped,
  optionFault,
  readBroker,
  readNumber,
  type Surroundings,
} from "./command-line.ts";

const LIMITS = { devices: 10_000, rate: 100, seconds: 86_400 };

export function define(command: Command, surroundings: Surroundings): void {
  command
    .option("--devices <n>", `how many, 1 to ${LIMITS.devices}`, "100")
    .option("--rate <r>", `states per second of each, up to ${LIMITS.rate}`, "0.1")
    .option("--for <seconds>", "how long (default: until Ctrl-C)")
    .option("--prefix <name>", "first level of their topics", "devices")
    .option("--name <name>", "their ids are name-1, name-2, …", "fleet")
    .option("--seed <n>", "the same walks each time")
    .option(...BROKER_OPTION);
  examples(
    command,
    ["fleet --devices 1000 --rate 1 --for 60"],
    `Simulates many devices in one process, for experiments and for load. Each has its own connection, reports
its state at its rate, and receives commands.`,
  );
  action(command, async (given) => {
    const request = readFleetRequest(given, surroundings.environment);
    const folder = mkdtempSync(join(tmpdir(), "weir-fleet-"));
    try {
      return await runFleet(request, folder, surroundings);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

function readFleetRequest(given: Given, environment: Environment): FleetRequest {
  const whole = { isWhole: true };
  const seconds = readNumber(given, "for", { min: 1, max: LIMITS.seconds });
  return {
    broker: readBroker(given, environment),
    // These two have defaults.
    devices: readNumber(given, "devices", { min: 1, max: LIMITS.devices, ...whole }) as number,
    rate: readNumber(given, "rate", { min: 0.0001, max: LIMITS.rate }) as number,
    forMs: seconds === null ? null : 1_000 * seconds,
    prefix: nameOf(given, "prefix"),
    name: nameOf(given, "name"),
    seed: readNumber(given, "seed", { min: 0, max: 2 ** 31, ...whole }),
  };
}

/** A name that is valid with a number behind it, too. */
function nameOf(given: Given, option: string): string {
  const text = given.text(option) ?? "";
  if (isName(`${text}-${LIMITS.devices}`)) return text;
  throw optionFault(option, text, "letters, digits, dots, underscores or hyphens, at most 58");
}

/** One line while it runs. */
function renderProgress(counts: FleetCounts, sentBefore: number, sinceMs: number): string {
  const rate = sinceMs > 0 ? Math.round(((counts.sent - sentBefore) * 1_000) / sinceMs) : 0;
  const { connected, sent, lost, commands } = counts;
  return `${grouped(connected)} connected, ${grouped(sent)} states sent (${grouped(rate)}/s), ${grouped(lost)} lost, ${grouped(commands)} commands`;
}

/** The last line, with what the process has used. */
function renderSummary(
  devices: number,
  { sent, lost, commands }: FleetCounts,
  elapsedMs: number,
): string {
  const seconds = elapsedMs / 1_000;
  const { user, system } = process.cpuUsage();
  const share = (user + system) / 1_000 / elapsedMs;
  return [
    `${grouped(devices)} devices for ${seconds.toFixed(1)} s: ${grouped(sent)} states sent`,
    `(${grouped(Math.round(sent / seconds))}/s), ${grouped(lost)} lost, ${grouped(commands)} commands;`,
    `${(100 * share).toFixed(1)} % of a core, ${Math.round(process.memoryUsage.rss() / 1_048_576)} MiB`,
  ].join(" ");
}

const PROGRESS_MS = 2_000;

async function runFleet(
  request: FleetRequest,
  folder: string,
  { clock, out, stopSignal }: Surroundings,
): Promise<number> {
  const over = Promise.withResolvers<void>();
  const signal = stopSignal();
  const begunMs = clock.monotonic();
  // Disposed of after a fault, too: its connections and timers would keep the process.
  await using fleet = startFleet({ request, folder, onFault: over.reject, clock });
  let before = { sent: 0, atMs: begunMs };
  using reporting = clock.repeat(PROGRESS_MS, () => {
    const counts = fleet.counts();
    const nowMs = clock.monotonic();
    print(`${renderProgress(counts, before.sent, nowMs - before.atMs)}\n`, { to: out });
    before = { sent: counts.sent, atMs: nowMs };
  });
  using _timer =
    request.forMs === null ? undefined : clock.schedule(request.forMs, () => over.resolve());
  using _stopping = addAbortListener(signal, () => over.resolve());
  await over.promise;
  reporting[Symbol.dispose]();

  const summary = renderSummary(request.devices, fleet.counts(), clock.monotonic() - begunMs);
  print(`${summary}\n`, { to: out });
  await fleet[Symbol.asyncDispose]();
  await forgetFleet(request, clock);
  return signal.aborted ? exitCodeOf(signal) : EXIT_CODES.ok;
}
