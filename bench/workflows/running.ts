// A broker, the logger and the service workflows, each as a process over a folder of its own.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseWorkflowFile } from "@weir/flows";
import { eventually, freePort, temporaryFolder } from "@weir/testkit";
import mqtt from "mqtt";
import { findMosquitto, OPEN } from "../logger/mosquitto.ts";
import { readyAt } from "../logger/weir.ts";
import { type Child, startChild, startProgram } from "../process.ts";

const COMPILE_CACHE = join(import.meta.dirname, "../.cache/compile");
const CONNECTED_WITHIN_MS = 30_000;

/** An action that has arrived: what it says, and when. Milliseconds since the epoch. */
interface Arrival {
  saidMs: number;
  atMs: number;
}

export interface Running extends AsyncDisposable {
  folder: string;
  brokerPort: number;
  /** Starts a program over the same folder and broker. */
  start(
    program: readonly [program: string, ...args: string[]],
    environment?: Readonly<Record<string, string>>,
  ): Promise<Child>;
  /** Starts the logger and the service workflows with these files. */
  startWeir(files: ReadonlyMap<string, string>): Promise<{ logger: Child; workflows: Child }>;
  /** What arrives of actions, from now on. */
  arrivals(): Promise<Arrival[]>;
  /** Rejects when one of the processes ends by itself. */
  failed: Promise<never>;
}

export async function startRunning(): Promise<Running> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(temporaryFolder());
  const brokerPort = await freePort();
  const mosquitto = findMosquitto();
  const name = `weir-bench-workflows-${brokerPort}`;
  const configuration = folder.file("mosquitto.conf");
  const lines = [`listener ${brokerPort} 127.0.0.1`, "allow_anonymous true", ...OPEN];
  writeFileSync(configuration, `${lines.join("\n")}\n`, { mode: 0o644 });
  stack.defer(() => mosquitto.remove(name));
  const [command, args] = mosquitto.command(configuration, name);
  const broker = stack.use(await startChild(command, args));
  const bench = { filters: ["bench/#"], folder: folder.file("bench"), history: "forever" };
  writeFileSync(folder.file("weir.yaml"), JSON.stringify({ streams: { bench } }));
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {});
  broker.failed.catch(failure.reject);
  const children = stack.use(new AsyncDisposableStack());
  const start: Running["start"] = async (program, environment = {}) => {
    const child = children.use(
      await startProgram(
        program,
        {
          NODE_COMPILE_CACHE: COMPILE_CACHE,
          BROKER: `127.0.0.1:${brokerPort}`,
          DB_FILE: folder.file("weir.db"),
          WEIR_FILE: folder.file("weir.yaml"),
          WORKFLOWS_FOLDER: folder.file("workflows"),
          LOG_LEVEL: "error",
          ...environment,
        },
        { cwd: folder.path },
      ),
    );
    child.failed.catch(failure.reject);
    return child;
  };
  const url = `mqtt://127.0.0.1:${brokerPort}`;
  await eventually(async () => {
    const client = await mqtt.connectAsync(url, { reconnectPeriod: 0 });
    await client.endAsync();
    return true;
  }, CONNECTED_WITHIN_MS);
  const owned = stack.move();
  return {
    folder: folder.path,
    brokerPort,
    start,
    startWeir: async (files) => {
      mkdirSync(folder.file("workflows"), { recursive: true });
      for (const [file, text] of files) {
        const { problems } = parseWorkflowFile(text, file);
        if (problems.length > 0) throw new Error(problems.join("\n"));
        writeFileSync(folder.file(`workflows/${file}`), text);
      }
      const [loggerPort, workflowsPort] = [await freePort(), await freePort()];
      const logger = await start(["services/logger/src/main.ts"], {
        LOGGER_HTTP_PORT: String(loggerPort),
      });
      await Promise.race([readyAt(loggerPort), failure.promise]);
      const workflows = await start(["services/workflows/src/main.ts"], {
        WORKFLOWS_HTTP_PORT: String(workflowsPort),
      });
      await Promise.race([readyAt(workflowsPort), failure.promise]);
      return { logger, workflows };
    },
    arrivals: async () => {
      const arrived: Arrival[] = [];
      const client = children.adopt(await mqtt.connectAsync(url), (one) => one.endAsync(true));
      client.on("message", (_topic, payload) => {
        arrived.push({ saidMs: Number(payload.toString()), atMs: Date.now() });
      });
      await client.subscribeAsync("told/#", { qos: 1 });
      return arrived;
    },
    failed: failure.promise,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
