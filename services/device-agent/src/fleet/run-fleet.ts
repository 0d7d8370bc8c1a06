import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, systemClock } from "@weir/clock";
import { exitCodeOf } from "@weir/command-line";
import { type Environment, loadEnvironment } from "@weir/config";
import { EXIT_CODES, print } from "@weir/fault";
import { listenForStopRequest } from "@weir/service";
import { FLEET_HELP, type FleetRequest, readFleetRequest } from "./command-line.ts";
import { startFleet } from "./fleet.ts";
import { forgetFleet } from "./forget-fleet.ts";
import { renderProgress, renderSummary } from "./report.ts";

const TOLD_EVERY_MS = 2_000;

/**
 * `npm run fleet`.
 *
 * @returns the exit code.
 * @throws Fault naming what is wrong with the arguments, or what the fleet ended with.
 */
export async function runFleet(
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
