import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { promisify } from "node:util";

const execute = promisify(execFile);
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** The suite in containers, as a project of its own beside any that a developer has running. */
export interface Compose extends AsyncDisposable {
  /** Runs `docker compose …` and returns its standard output. @throws when it fails. */
  run(...args: string[]): Promise<string>;
  /** Starts `docker compose …` and leaves it running, its console in `output()`. */
  start(...args: string[]): RunningCompose;
  /** Runs SQL in the logger's container, over the store on its volume. */
  query<T>(sql: string): Promise<T[]>;
  /** Publishes on a topic with the broker's own client; the payload goes through its standard input. */
  publish(topic: string, payload: Buffer | string): Promise<void>;
}

export interface RunningCompose {
  output(): string;
  /** Sends Ctrl-C and waits for its end. */
  interrupt(): Promise<void>;
}

const QUERY = `
  const Sqlite = require("better-sqlite3");
  const database = new Sqlite("/data/weir.db", { readonly: true });
  console.log(JSON.stringify(database.prepare(process.argv[1]).all()));
`;

/** @param settings environment for the suite, as a user would put it into `.env`. */
export async function createCompose(
  project: string,
  settings: Record<string, string> = {},
): Promise<Compose> {
  const env = {
    ...process.env,
    COMPOSE_PROJECT_NAME: project,
    COMPOSE_PROGRESS: "plain",
    MQTT_PUBLISH: `127.0.0.1:${await freePort()}`,
    ...settings,
  };
  const files = ["-f", "docker-compose.yml", "-f", "test/system/docker-compose-test.yml"];
  const options = { env, maxBuffer: OUTPUT_BYTES_MAX };

  const run = async (...args: string[]): Promise<string> => {
    const { stdout } = await execute("docker", ["compose", ...files, ...args], options);
    return stdout;
  };

  return {
    run,
    start: (...args) => follow(spawn("docker", ["compose", ...files, ...args], { env })),
    query: async (sql) =>
      JSON.parse(
        await run("exec", "-T", "-w", "/app/packages/store", "logger", "node", "-e", QUERY, sql),
      ),
    publish: async (topic, payload) => {
      const client = ["mosquitto_pub", "-h", "127.0.0.1", "-t", topic, "-q", "1", "-s"];
      const child = spawn("docker", ["compose", ...files, "exec", "-T", "mosquitto", ...client], {
        env,
      });
      child.stdin.end(payload);
      const [code] = await once(child, "close");
      if (code !== 0) throw new Error(`mosquitto_pub ended with ${code}`);
    },
    [Symbol.asyncDispose]: async () => {
      await run("down", "--volumes", "--timeout", "5");
    },
  };
}

function follow(child: ChildProcess): RunningCompose {
  let output = "";
  child.stdout?.on("data", (chunk) => {
    output += chunk;
  });
  return {
    output: () => output,
    interrupt: async () => {
      const ended = once(child, "exit");
      child.kill("SIGINT");
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return address.port;
}
