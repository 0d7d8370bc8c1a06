import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { EXIT_CODES, Fault, makeFolderAt } from "@weir/runtime";
import { OWN_BROKER_HOST, type OwnBroker } from "./config.ts";
import type { Part } from "./keeper.ts";
import { type FoundMosquitto, findMosquitto, runMosquitto, untilAnswering } from "./mosquitto.ts";
import { writeMosquittoConf } from "./mosquitto-conf.ts";

/** The broker that the suite brings. */
export interface BrokerChoice {
  part: Part;
  /** What it is, and what it lacks. */
  sentence: string;
}

/**
 * Chooses a Mosquitto of this machine that runs, or else aedes.
 *
 * @throws Fault when Mosquitto is wanted, and there is none that runs.
 */
export async function chooseBroker(own: OwnBroker, searchPath: string): Promise<BrokerChoice> {
  const { wanted, folder } = own;
  if (wanted === "aedes") return aedes("BROKER_KIND is aedes");
  const found = findMosquitto(searchPath);
  const problem = "problem" in found ? found.problem : await tryOut(found, folder);
  // The second condition is for the compiler: what was found has no problem.
  if (problem === null && "program" in found) return mosquitto(found, folder);
  if (wanted === "auto") return aedes(problem ?? "");
  throw new Fault(`BROKER_KIND is mosquitto, but ${problem}`, {
    remedy: "Install Mosquitto 2.0 or later, or set BROKER_KIND to auto or aedes.",
    exitCode: EXIT_CODES.unavailable,
  });
}

function mosquitto({ program, version, plugin }: FoundMosquitto, folder: string): BrokerChoice {
  return {
    part: part("mosquitto-main.ts", [program, folder, plugin ?? ""]),
    sentence: `the broker is Mosquitto ${version} (${program}); it keeps its sessions in ${folder}.`,
  };
}

function aedes(reason: string): BrokerChoice {
  return {
    part: part("broker-main.ts"),
    sentence: `${reason}, so the broker is aedes, in memory: it has no MQTT 5, and when it restarts, sessions and what waits in them are lost.`,
  };
}

function part(file: string, args: readonly string[] = []): Part {
  return { name: "broker", main: join(import.meta.dirname, file), args, isOnTerminal: false };
}

/**
 * Runs it for a moment, in a folder of its own: a program may be kept from files by the system (AppArmor on
 * Ubuntu), or not know a setting.
 *
 * @returns why it does not run, as a half sentence; `null` when it does.
 */
async function tryOut({ program, plugin }: FoundMosquitto, folder: string): Promise<string | null> {
  makeFolderAt(folder, "DB_FILE");
  const trial = mkdtempSync(join(folder, "trial-"));
  try {
    const port = await anyPort();
    const running = runMosquitto(program, writeMosquittoConf({ port, folder: trial, plugin }));
    const ending = await untilAnswering(running, { host: OWN_BROKER_HOST, port });
    running.child.kill("SIGKILL");
    await running.ended;
    return ending === null ? null : `${program} ${ending}`;
  } finally {
    rmSync(trial, { recursive: true, force: true });
  }
}

async function anyPort(): Promise<number> {
  const server = createServer().listen(0, OWN_BROKER_HOST);
  await once(server, "listening");
  // It listens on a port, not on a path.
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
