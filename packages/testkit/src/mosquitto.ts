import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { errorCode } from "@weir/runtime";

/** A real Mosquitto in a container. */
export interface Mosquitto extends AsyncDisposable {
  /** Of the first listener. */
  port: number;
  /** The port on this machine of a listener. */
  portOf(listener: number): number;
  /** Kills it and starts it again, on the same ports and with what it kept. */
  restart(): Promise<void>;
}

export interface MosquittoOptions {
  /** Default the suite's own. */
  configuration?: string;
  /** What the configuration names, by names in its folder `/mosquitto/config`. */
  files?: Readonly<Record<string, string>>;
  /** The ports in the configuration. Default 1883. */
  listeners?: readonly [number, ...number[]];
}

const IMAGE = "eclipse-mosquitto:2.1";
const CONFIGURATION = new URL("../../../mosquitto/mosquitto.conf", import.meta.url);

/** Starts Mosquitto. It is ready when a client without a name connects to port 1883 from inside. */
export async function startMosquitto(options: MosquittoOptions = {}): Promise<Mosquitto> {
  const { configuration, files = {}, listeners = [1883] } = options;
  // It takes half a second to load, which all tests that start no container save.
  const { GenericContainer, Wait } = await import("testcontainers");
  const contents = {
    ...files,
    "mosquitto.conf": configuration ?? readFileSync(CONFIGURATION, "utf8"),
  };
  // Ports of Docker's choice would be others after a restart.
  const ports = listeners.map(async (container) => ({ container, host: await freePort() }));
  const container = await new GenericContainer(IMAGE)
    .withCopyContentToContainer(
      Object.entries(contents).map(([name, content]) => ({
        content,
        target: `/mosquitto/config/${name}`,
        mode: 0o644,
      })),
    )
    .withExposedPorts(...(await Promise.all(ports)))
    // Not its log: Docker does not always hand on the log of a container that was started again.
    .withWaitStrategy(Wait.forSuccessfulCommand("mosquitto_sub -h 127.0.0.1 -E -t ready"))
    .withStartupTimeout(120_000)
    .start();
  return {
    port: container.getMappedPort(listeners[0]),
    portOf: (listener) => container.getMappedPort(listener),
    restart: () => container.restart(),
    [Symbol.asyncDispose]: async () => {
      await container.stop();
    },
  };
}

/**
 * Whether a Docker engine answers, for tests that need one. Without one this prints that they are skipped;
 * in CI (`CI=true`) its absence is an error.
 */
export function hasDocker(): boolean {
  const answers = spawnSync("docker", ["info"], { stdio: "ignore" }).status === 0;
  if (answers) return true;
  if (process.env.CI === "true") throw new Error("no Docker engine answers, and CI needs one");
  process.stderr.write("\n*** SKIPPED: tests that need Docker; no Docker engine answers ***\n\n");
  return false;
}

/** Below the ports that systems give to outgoing connections (Linux: from 32768 on), above those of services. */
const RANGE = { from: 20_000, to: 32_000 };

/**
 * A port that is free at this moment, for a program that needs its port beforehand. It is none
 * that the system assigns by itself: such a port may belong to another connection a moment later.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(RANGE.from, RANGE.to);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port);
  try {
    await once(server, "listening");
  } catch (error) {
    if (errorCode(error) === "EADDRINUSE") return false;
    throw error;
  }
  server.close();
  await once(server, "close");
  return true;
}
