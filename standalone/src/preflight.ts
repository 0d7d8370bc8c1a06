import { accessSync, constants } from "node:fs";
import { connect } from "node:net";
import { dirname } from "node:path";
import { EXIT_CODES, errorCode, errorMessage, Fault } from "@weir/fault";
import { makeFolderAt, makePlaceOf } from "@weir/sqlite";
import type { StandaloneConfig } from "./config.ts";

const CONNECT_TIMEOUT_MS = 5_000;
const DEFAULT_PORTS: Record<string, number> = {
  "mqtt:": 1_883,
  "mqtts:": 8_883,
  "ws:": 80,
  "wss:": 443,
};

/**
 * What can be known before anything is started.
 *
 * @throws Fault for a folder that cannot be written, and for a broker of the user's own that does not
 * answer: whoever starts the suite by hand wants to know at once. Later outages are waited out.
 */
export async function preflight(config: StandaloneConfig): Promise<void> {
  makePlaceOf(config.storeFile, "DB_FILE");
  checkFolder(dirname(config.storeFile), "DB_FILE");
  makeFolderAt(config.logFolder, "LOG_FOLDER");
  checkFolder(config.logFolder, "LOG_FOLDER");
  if (config.broker.kind === "foreign") await checkBroker(config.broker.url);
}

function checkFolder(folder: string, setting: string): void {
  try {
    accessSync(folder, constants.W_OK);
  } catch (cause) {
    throw new Fault(`the folder ${folder} cannot be written (${errorCode(cause)})`, {
      remedy: `Make it writable for this user, or name another place in ${setting}.`,
      exitCode: EXIT_CODES.cannotCreate,
      cause,
    });
  }
}

async function checkBroker(url: string): Promise<void> {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  const address = { host, port: Number(port) || (DEFAULT_PORTS[protocol] ?? 0) };
  const socket = connect(address);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("connect", resolve).once("error", reject);
  socket.setTimeout(CONNECT_TIMEOUT_MS, () =>
    reject(new Error(`no answer within ${CONNECT_TIMEOUT_MS / 1_000} s`)),
  );
  try {
    await promise;
  } catch (cause) {
    const reason = errorCode(cause) ?? errorMessage(cause);
    throw new Fault(`there is no broker at ${host}:${address.port} (${reason})`, {
      remedy:
        "Start it, or correct BROKER or BROKER_URL in the environment or in .env; without both the suite brings its own broker.",
      exitCode: EXIT_CODES.unavailable,
      cause,
    });
  } finally {
    socket.destroy();
  }
}
