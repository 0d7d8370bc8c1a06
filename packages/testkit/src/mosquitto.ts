import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { errorCode } from "@weir/runtime";
import { GenericContainer, Wait } from "testcontainers";

/** A real Mosquitto in a container. */
export interface Mosquitto extends AsyncDisposable {
  port: number;
  /** Kills it and starts it again, on the same port and with what it kept. */
  restart(): Promise<void>;
}

const IMAGE = "eclipse-mosquitto:2.1";
const PORT = 1883;

/** The suite's own. */
const CONFIGURATION = fileURLToPath(new URL("../../../mosquitto/mosquitto.conf", import.meta.url));

/** @param files what the configuration names, by names in its folder `/mosquitto/config`. */
export async function startMosquitto(
  configurationFile: string = CONFIGURATION,
  files: Readonly<Record<string, string>> = {},
): Promise<Mosquitto> {
  // A port of Docker's choice would be another one after a restart.
  const host = await freePort();
  const container = await new GenericContainer(IMAGE)
    .withCopyFilesToContainer(
      Object.entries({ ...files, "mosquitto.conf": configurationFile }).map(([name, source]) => ({
        source,
        target: `/mosquitto/config/${name}`,
      })),
    )
    .withExposedPorts({ container: PORT, host })
    // Not its log: Docker does not always hand on the log of a container that was started again.
    .withWaitStrategy(Wait.forSuccessfulCommand("mosquitto_sub -E -t ready"))
    .withStartupTimeout(120_000)
    .start();
  return {
    port: host,
    restart: () => container.restart(),
    [Symbol.asyncDispose]: async () => {
      await container.stop();
    },
  };
}

/**
 * Whether a Docker engine answers, for tests that need one.
 * Without one they are skipped, loudly; in CI (`CI=true`) its absence is an error.
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
