import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { sqliteVersion } from "@weir/runtime";
import { type Check, type Finding, look, ok, wrong } from "./check.ts";

/** Not `engines` in package.json: npx would warn of an older Node, which only installs the right one. */
const NODE_MIN = "26.0";
/** Its files use `!override`, which older ones do not know. */
const COMPOSE_MIN = "2.24";
const ANSWER_MS_MAX = 3_000;

/** The programs that Weir runs on. */
export const versions: Check = {
  name: "versions",
  look: async (): Promise<Finding[]> => {
    const { node } = process.versions;
    const own = isBefore(node, NODE_MIN)
      ? wrong(
          `Node.js ${node} is older than ${NODE_MIN}`,
          "Start it with npm, which brings its own.",
        )
      : ok(`Node.js ${node}, SQLite ${sqliteVersion()}`);
    const compose = await composeVersion();
    if (compose === null) return [own];
    return [
      own,
      isBefore(compose, COMPOSE_MIN)
        ? look(
            `Docker Compose ${compose} is older than ${COMPOSE_MIN}`,
            "Install a newer one before you use docker-compose-secured.yml or docker-compose-debug.yml.",
          )
        : ok(`Docker Compose ${compose}`),
    ];
  },
};

const run = promisify(execFile);

/** `null` where there is none, as in a container. */
async function composeVersion(): Promise<string | null> {
  try {
    const { stdout } = await run("docker", ["compose", "version", "--short"], {
      timeout: ANSWER_MS_MAX,
      killSignal: "SIGKILL",
    });
    return /^v?(\d{1,4}\.\d{1,4}[\w.-]{0,30})/.exec(stdout.trim())?.[1] ?? null;
  } catch {
    return null;
  }
}

/** Compares `major.minor`; what follows does not count. */
export function isBefore(version: string, least: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number.parseFloat);
  const [leastMajor = 0, leastMinor = 0] = least.split(".").map(Number);
  return major < leastMajor || (major === leastMajor && minor < leastMinor);
}
