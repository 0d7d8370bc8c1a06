import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { EXIT_CODES, errorCode, Fault, lockFile, type ServiceContext } from "@weir/runtime";
import { OWN_BROKER_HOST } from "./config.ts";
import { runMosquitto, untilAnswering } from "./mosquitto.ts";
import { type MosquittoPlace, writeMosquittoConf } from "./mosquitto-conf.ts";

/** How long a Mosquitto that an earlier process has left has to end. */
const LEFTOVER_MS = 5_000;
const POLL_MS = 50;

/**
 * Starts Mosquitto beside this process, which has what Mosquitto lacks: /readyz, and the channel to the supervisor
 * whose end stops both.
 *
 * @throws Fault when the port is taken, another process runs in the folder, or it ends at once.
 */
export async function startMosquitto(
  { program, ...place }: MosquittoPlace & { program: string },
  { health, logger, fail }: ServiceContext,
): Promise<AsyncDisposable> {
  const { folder, port } = place;
  const address = { host: OWN_BROKER_HOST, port };
  const pidFile = pidFileIn(folder);
  const check = health.check("broker");
  await using opening = new AsyncDisposableStack();
  opening.use(lock(folder));
  await endLeftoverOf(folder);
  const configuration = writeMosquittoConf(place);
  const mosquitto = runMosquitto(program, configuration, (line) => logger.info(line));
  const { child, ended } = mosquitto;
  if (child.pid !== undefined) writeFileSync(pidFile, String(child.pid));
  // However this process ends, as long as it is not killed.
  process.once("exit", () => child.kill("SIGTERM"));
  const faultOf = (how: string) =>
    new Fault(`${program} ${how}`, {
      remedy: "Correct what it says, or set BROKER_KIND=aedes.",
      exitCode: EXIT_CODES.unavailable,
    });
  const ending = await untilAnswering(mosquitto, address);
  if (ending !== null) throw faultOf(ending);
  let isStopping = false;
  void ended.then((how) => {
    if (!isStopping) fail(faultOf(how));
  });
  opening.defer(async () => {
    isStopping = true;
    child.kill("SIGTERM");
    await ended;
    rmSync(pidFile, { force: true });
  });
  check.pass();
  return opening.move();
}

const pidFileIn = (folder: string): string => join(folder, "mosquitto.pid");

/** @throws Fault when another process beside a Mosquitto has it. */
function lock(folder: string): Disposable {
  return lockFile(join(folder, "mosquitto"), {
    message: `another process runs the Mosquitto of ${folder}`,
    remedy: "Stop it, or name another place in DB_FILE.",
  });
}

/** Ends a Mosquitto that was left in this folder when the process beside it was killed. */
export async function endLeftover(folder: string): Promise<void> {
  if (!existsSync(pidFileIn(folder))) return;
  try {
    using _lock = lock(folder);
    await endLeftoverOf(folder);
  } catch (error) {
    // Not left: the process beside it is there.
    if (!(error instanceof Fault)) throw error;
  }
}

async function endLeftoverOf(folder: string): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const pid = leftover(folder);
    if (pid === null) return;
    try {
      process.kill(pid, waitedMs < LEFTOVER_MS ? "SIGTERM" : "SIGKILL");
    } catch (error) {
      // It has just ended.
      if (errorCode(error) !== "ESRCH") throw error;
    }
    await pause(POLL_MS);
  }
}

/** Its process id, if that process is still the one that was started in this folder. */
function leftover(folder: string): number | null {
  try {
    const pid = readFileSync(pidFileIn(folder), "utf8");
    const row = execFileSync("ps", ["-ww", "-o", "args=", "-p", pid], { encoding: "utf8" });
    return row.includes(folder) ? Number(pid) : null;
  } catch {
    // There is no such file, or no such process.
    return null;
  }
}
