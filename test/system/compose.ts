import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { freePort } from "@weir/testkit";
import { removingReplacedImages, TEST_TAG } from "./images.ts";

const execute = promisify(execFile);
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** The suite in containers, as its own project beside any that a developer has running. */
export interface Compose extends AsyncDisposable {
  /** Where the broker is reached from outside. */
  brokerPort: number;
  /** Where the pages and the API are. */
  dashboardPort: number;
  /** Runs `docker compose …`; returns its standard output. @throws when it fails. */
  run(...args: string[]): Promise<string>;
  /** Runs `docker compose run --rm weir …`; returns its standard output. @throws when it fails. */
  weir(...args: string[]): Promise<string>;
  /** Starts `docker compose …` and leaves it running. */
  start(...args: string[]): Console;
  /** Runs SQL in the logger's container, over the store on its volume. */
  query<T>(sql: string): Promise<T[]>;
  /** Holds one publication to SQL; returns its `throughId`. @throws when they differ. */
  verify(): Promise<number>;
  /** Kills the process of a service with SIGKILL; to Docker it has ended by itself. */
  killProcess(service: string): Promise<void>;
  /** Every container by its service. */
  containers(): Promise<Map<string, ContainerState>>;
}

/** Whether a container has ever been restarted. */
interface ContainerState {
  id: string;
  startedAt: string;
  restarts: number;
  /** 0 while it runs. */
  exitCode: number;
}

/** A command that is running, and what it has printed. */
export interface Console {
  lines(): string[];
  ended: Promise<unknown>;
}

// node -e resolves modules from the working folder, here /app.
const QUERY = `
  const Sqlite = require("better-sqlite3");
  const database = new Sqlite(process.env.DB_FILE, { readonly: true });
  console.log(JSON.stringify(database.prepare(process.argv[1]).all()));
`;
const INSPECT =
  '{{index .Config.Labels "com.docker.compose.service"}} {{.Id}} {{.State.StartedAt}} {{.RestartCount}} {{.State.ExitCode}}';

/** @param settings what a user has in the environment or in `.env`. */
export async function createCompose(
  name: string,
  settings: Record<string, string> = {},
): Promise<Compose> {
  const replaced = removingReplacedImages();
  const brokerPort = await freePort();
  const dashboardPort = await freePort();
  const env = {
    ...process.env,
    COMPOSE_PROJECT_NAME: `weir-test-${name}-${process.pid}`,
    // A developer's own .env is not what is tested.
    COMPOSE_DISABLE_ENV_FILE: "1",
    WEIR_IMAGE_TAG: TEST_TAG,
    MQTT_PUBLISH: `127.0.0.1:${brokerPort}`,
    DASHBOARD_PUBLISH: `127.0.0.1:${dashboardPort}`,
    ...settings,
  };
  const options = { env, maxBuffer: OUTPUT_BYTES_MAX };

  const run = async (...args: string[]): Promise<string> =>
    (await execute("docker", ["compose", ...args], options)).stdout;

  const weir = async (...args: string[]): Promise<string> =>
    await run("run", "--rm", "--no-TTY", "weir", ...args);

  return {
    brokerPort,
    dashboardPort,
    run,
    weir,
    start: (...args) => follow(["compose", ...args], env),
    query: async (sql) => JSON.parse(await run("exec", "-T", "logger", "node", "-e", QUERY, sql)),
    verify: async () => {
      const text = await weir("verify-stats");
      return Number(/rows through (\d+)/.exec(text)?.[1]);
    },
    containers: async () => {
      const ids = (await run("ps", "--all", "--quiet")).trim().split("\n");
      const { stdout } = await execute("docker", ["inspect", "--format", INSPECT, ...ids], options);
      return new Map(stdout.trim().split("\n").map(parseContainer));
    },
    killProcess: async (service) => {
      const id = (await run("ps", "--quiet", service)).trim();
      const { stdout: pid } = await execute("docker", ["inspect", "-f", "{{.State.Pid}}", id]);
      const beside = [
        "--pid",
        "host",
        "--user",
        "0",
        "--entrypoint",
        "sh",
        "eclipse-mosquitto:2.1",
      ];
      await execute("docker", ["run", "--rm", ...beside, "-c", `kill -9 ${pid}`]);
    },
    [Symbol.asyncDispose]: async () => {
      await run("down", "--volumes", "--timeout", "1");
      replaced[Symbol.dispose]();
    },
  };
}

function parseContainer(line: string): [string, ContainerState] {
  const [service = "", id = "", startedAt = "", restarts, exitCode] = line.split(" ");
  return [service, { id, startedAt, restarts: Number(restarts), exitCode: Number(exitCode) }];
}

function follow(args: string[], env: NodeJS.ProcessEnv): Console {
  const child = spawn("docker", args, { env, stdio: ["ignore", "pipe", "ignore"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
  });
  return { lines: () => output.split("\n").slice(0, -1), ended: once(child, "close") };
}
