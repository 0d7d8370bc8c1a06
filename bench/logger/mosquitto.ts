import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { createTestCertificate, freePort } from "@weir/testkit";
import { startChild } from "../process.ts";

const IMAGE = "eclipse-mosquitto:2.1";

/** Lines of mosquitto.conf with which the broker drops nothing that it queues. */
export const NO_QUEUE_LIMIT = ["max_queued_messages 1000000", "max_queued_bytes 1073741824"];

/** As in Weir's own mosquitto.conf: no limit of the queue, and the client's window counts. */
export const OPEN: readonly string[] = [...NO_QUEUE_LIMIT, "max_inflight_messages 65534"];

/** Mosquitto as this machine can run it. */
export interface Mosquitto {
  /** Where it comes from, for the facts on top of the table. */
  kind: string;
  command(configurationFile: string, name: string): [command: string, args: string[]];
  /** The id of its process on this machine. */
  pidOf(name: string, childPid: number): number | null;
  remove(name: string): void;
}

/**
 * The container, in the network of this machine, or else an installed one.
 *
 * @throws Error in words for a user where there is neither.
 */
export function findMosquitto(): Mosquitto {
  if (spawnSync("docker", ["info"], { stdio: "ignore" }).status === 0) return inContainer;
  const installed = spawnSync("mosquitto", ["-h"], { stdio: "ignore" });
  if (installed.error === undefined) return installedHere;
  throw new Error(
    `Mosquitto is missing: start Docker (the image ${IMAGE} is used), or install mosquitto.`,
  );
}

const inContainer: Mosquitto = {
  kind: `container ${IMAGE}, host network`,
  command: (file, name) => [
    "docker",
    [
      ...["run", "--rm", "--name", name, "--network", "host"],
      // At the same place, because it names files beside itself.
      ...["-v", `${dirname(file)}:${dirname(file)}:ro`, IMAGE, "mosquitto", "-c", file],
    ],
  ],
  pidOf: (name) => {
    const args = ["inspect", "-f", "{{.State.Pid}}", name];
    return Number(execFileSync("docker", args, { encoding: "utf8" })) || null;
  },
  // `docker run` may have been killed before the container has ended.
  remove: (name) => void spawnSync("docker", ["rm", "-f", name], { stdio: "ignore" }),
};

const installedHere: Mosquitto = {
  kind: "installed on this machine",
  command: (file) => ["mosquitto", ["-c", file]],
  pidOf: (_name, childPid) => childPid,
  remove: () => {},
};

/** Where a broker is reached by TLS, and the file of the authority to trust. */
export interface Encrypted {
  port: number;
  caFile: string;
}

/** A broker that the benchmark has started. */
interface Broker extends AsyncDisposable {
  port: number;
  encrypted: Encrypted;
  /** Its process on this machine; `null` where it cannot be seen. */
  pid: number | null;
  /** As in its log: "mosquitto version 2.1.2". */
  version: string;
  /** Resolves when a client subscribes to this filter from now on. */
  subscribed(filter: string): Promise<void>;
}

/**
 * Starts Mosquitto on the loopback. It keeps nothing on disk: the comparison is of its clients.
 *
 * @param configuration further lines of its configuration; none leaves the defaults.
 * @throws when it cannot be started.
 */
export async function startMosquitto(
  mosquitto: Mosquitto,
  configuration: readonly string[],
  folder: string,
): Promise<Broker> {
  const port = await freePort();
  const name = `weir-bench-${process.pid}-${port}`;
  const file = join(folder, `${name}.conf`);
  const encrypted = { port: await freePort(), caFile: join(folder, "certificate.pem") };
  const keyFile = join(folder, "key.pem");
  const { certificate, key } = createTestCertificate({ name: "bench", hosts: ["127.0.0.1"] });
  // The container's user reads it.
  chmodSync(folder, 0o755);
  for (const [path, content] of [
    [encrypted.caFile, certificate],
    [keyFile, key],
    [file, configurationOf(configuration, { port, encrypted, keyFile })],
  ] as const) {
    writeFileSync(path, content, { mode: 0o644 });
  }
  await using opening = new AsyncDisposableStack();
  opening.defer(() => mosquitto.remove(name));
  const child = opening.use(
    await startChild(...mosquitto.command(file, name), { stdio: ["ignore", "pipe", "pipe"] }),
  );
  const { stdout } = child.process;
  if (stdout === null) throw new Error("Mosquitto has no standard output");
  const lines = createInterface(stdout);
  const seen = { version: "", filters: new Map<string, () => void>() };
  const running = Promise.withResolvers<void>();
  lines.on("line", (line) => {
    const [, version] = /(mosquitto version \S+) starting/.exec(line) ?? [];
    seen.version = version ?? seen.version;
    if (/mosquitto version \S+ running/.test(line)) running.resolve();
    // "1795256164: <client> <QoS> <filter>", from log_type subscribe
    const [, filter = ""] = /^\d+: \S+ [012] (\S+)$/.exec(line) ?? [];
    seen.filters.get(filter)?.();
  });
  await Promise.race([running.promise, child.failed]);

  const opened = opening.move();
  return {
    port,
    encrypted,
    pid: mosquitto.pidOf(name, child.pid),
    version: seen.version,
    subscribed: (filter) => {
      const subscribed = Promise.withResolvers<void>();
      seen.filters.set(filter, subscribed.resolve);
      return Promise.race([subscribed.promise, child.failed]);
    },
    [Symbol.asyncDispose]: async () => {
      await opened.disposeAsync();
      lines.close();
    },
  };
}

function configurationOf(
  lines: readonly string[],
  { port, encrypted, keyFile }: { port: number; encrypted: Encrypted; keyFile: string },
): string {
  return [
    `listener ${port} 127.0.0.1`,
    "allow_anonymous true",
    "log_dest stdout",
    // The log shows when a client has subscribed.
    ...["error", "warning", "information", "subscribe"].map((type) => `log_type ${type}`),
    "connection_messages false",
    ...lines,
    `listener ${encrypted.port} 127.0.0.1`,
    `certfile ${encrypted.caFile}`,
    `keyfile ${keyFile}`,
    "",
  ].join("\n");
}
