import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { errorCode } from "@weir/runtime";

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
