import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, existsSync, readdirSync, realpathSync } from "node:fs";
import { connect } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { errorMessage } from "@weir/runtime";

/** A program that says it is Mosquitto. */
export interface FoundMosquitto {
  program: string;
  /** As it says it itself: `2.0.11`. */
  version: string;
  /** Where its plugin for SQLite is; `null` where there is none. */
  plugin: string | null;
}

/** Where Debian and Homebrew put it, which is not on the PATH of each user. */
const MORE_FOLDERS = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"];
const PLUGIN = "mosquitto_persist_sqlite.so";
const ANSWER_MS = 5_000;
const ANSWER_BYTES_MAX = 65_536;

/**
 * Looks for Mosquitto 2.0 or later.
 *
 * @param searchPath folders as in PATH.
 * @returns why there is none, as a half sentence, where there is none.
 */
export function findMosquitto(searchPath: string): FoundMosquitto | { problem: string } {
  const folders = [...searchPath.split(delimiter).filter(Boolean), ...MORE_FOLDERS];
  const program = folders.map((folder) => join(folder, "mosquitto")).find(isProgram);
  if (program === undefined) return { problem: "there is no mosquitto on the PATH" };
  const { stdout } = spawnSync(program, ["-h"], {
    encoding: "utf8",
    timeout: ANSWER_MS,
    killSignal: "SIGKILL",
    maxBuffer: ANSWER_BYTES_MAX,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [, version, major, minor] =
    /^mosquitto version ((\d{1,3})\.(\d{1,3})[\w.-]{0,20})/.exec(stdout ?? "") ?? [];
  if (version === undefined) return { problem: `${program} does not say that it is Mosquitto` };
  if (Number(major) < 2) return { problem: `${program} is Mosquitto ${version}, older than 2.0` };
  const isBefore21 = Number(major) === 2 && Number(minor) === 0;
  return { program, version, plugin: isBefore21 ? null : findPlugin(program) };
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** In the folders of libraries beside the program: `lib`, Debian's `lib/x86_64-linux-gnu`, and `mosquitto` in them. */
function findPlugin(program: string): string | null {
  const lib = join(dirname(dirname(realpathSync(program))), "lib");
  const platforms = existsSync(lib)
    ? readdirSync(lib).filter((name) => name.includes("-linux-"))
    : [];
  const folders = [lib, ...platforms.map((name) => join(lib, name))];
  const files = folders.flatMap((folder) => [
    join(folder, PLUGIN),
    join(folder, "mosquitto", PLUGIN),
  ]);
  return files.find((file) => existsSync(file)) ?? null;
}

/** A running Mosquitto. */
export interface RunningMosquitto {
  child: ChildProcess;
  /** Resolves when it has ended, with how it did and the last line of its log. Never rejects. */
  ended: Promise<string>;
}

/** Runs Mosquitto with a configuration. */
export function runMosquitto(
  program: string,
  configuration: string,
  onLine: (line: string) => void = () => {},
): RunningMosquitto {
  const child = spawn(program, ["-c", configuration], { stdio: ["ignore", "ignore", "pipe"] });
  let lastLine = "";
  const lines = createInterface({ input: child.stderr });
  lines.on("line", (line) => {
    lastLine = line;
    onLine(line);
  });
  const ended = once(child, "close").then(
    ([code, signal]) => {
      const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
      return lastLine === "" ? how : `${how}: ${lastLine}`;
    },
    (error: unknown) => `could not be started (${errorMessage(error)})`,
  );
  return { child, ended };
}

const POLL_MS = 20;
const CONNACK_MS = 1_000;
/** CONNECT of MQTT 3.1.1: a clean session, no client id, ten seconds of keep-alive. */
const CONNECT = Buffer.from("\x10\x0c\0\x04MQTT\x04\x02\0\x0a\0\0", "latin1");
const CONNACK = 0x20;

/** Resolves with `null` when it answers a client, or with how it has ended. */
export async function untilAnswering(
  { ended }: RunningMosquitto,
  address: { host: string; port: number },
): Promise<string | null> {
  const ending: { how: string | null } = { how: null };
  void ended.then((how) => {
    ending.how = how;
  });
  while (ending.how === null) {
    // Its own answer counts only: a moment after its end another program may have the port.
    if ((await answersMqtt(address)) && ending.how === null) return null;
    await pause(POLL_MS);
  }
  return ending.how;
}

/** Whether an MQTT broker answers there within a second. */
async function answersMqtt(address: { host: string; port: number }): Promise<boolean> {
  const socket = connect(address);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.setTimeout(CONNACK_MS, () => resolve(false));
  socket.on("error", () => resolve(false)).on("close", () => resolve(false));
  socket.once("connect", () => socket.write(CONNECT));
  socket.once("data", (chunk) => resolve(chunk[0] === CONNACK));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}
