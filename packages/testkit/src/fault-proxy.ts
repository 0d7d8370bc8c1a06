import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";

/** A TCP proxy that disturbs the connections through it. */
export interface FaultProxy extends AsyncDisposable {
  port: number;
  /** Sets the condition of all connections, until the next call. */
  impose(condition: NetworkCondition): void;
  /** Back to normal: what was held back goes through, as TCP would send it again. */
  release(): void;
  /** Ends all connections with RST, now. */
  reset(): void;
  /**
   * Cuts one connection, the next one on which so many bytes pass in a direction: the receiver
   * gets exactly these and the end, the sender gets RST.
   *
   * @returns those bytes, once it is done.
   */
  cutNext(cut: Cut): Promise<Buffer>;
}

/** Where to cut. */
export interface Cut {
  direction: Direction;
  afterBytes: number;
}

interface ArmedCut extends Cut {
  passed: Buffer[];
  done: (passed: Buffer) => void;
}

/** Both ends of one connection. */
interface Pair {
  client: Socket;
  server: Socket;
  cut: ArmedCut | null;
}

export async function startFaultProxy(options: {
  /** Where the real server listens. */
  target: { host: string; port: number };
  /** Where the proxy listens; 0 takes any free port. */
  listen?: { host: string; port: number };
}): Promise<FaultProxy> {
  const { target, listen = { host: "127.0.0.1", port: 0 } } = options;
  const pairs = new Set<Pair>();
  let condition = NORMAL;
  let released = Promise.withResolvers<void>();
  let armed: ArmedCut | null = null;

  function impose(next: NetworkCondition): void {
    condition = next;
    released.resolve();
    released = Promise.withResolvers<void>();
  }

  async function untilAlive(direction: Direction): Promise<void> {
    while (isDead(condition, direction)) await released.promise;
  }

  /** Carries bytes, and in the end the end, from one socket to the other. */
  async function carry(pair: Pair, direction: Direction): Promise<void> {
    const [from, to] = direction === "up" ? [pair.client, pair.server] : [pair.server, pair.client];
    try {
      // The end of one direction is not that of the other: a socket that was read to its end can be written to.
      for await (const chunk of from.iterator({ destroyOnReturn: false })) {
        await untilAlive(direction);
        for await (const piece of passing(chunk, condition)) {
          await untilAlive(direction);
          if (await cutIn(pair, { from, to, direction, piece })) return;
          if (!to.write(piece)) await Promise.race([once(to, "drain"), once(to, "close")]);
        }
      }
      await untilAlive(direction);
      to.end();
    } catch {
      // One end is gone; the other one follows, as soon as the network lets it through.
      await untilAlive(direction);
      hangUp(to);
    }
  }

  /** Ends the connection if it is to be cut within this piece. */
  async function cutIn(
    pair: Pair,
    {
      from,
      to,
      direction,
      piece,
    }: { from: Socket; to: Socket; direction: Direction; piece: Buffer },
  ): Promise<boolean> {
    const { cut } = pair;
    if (cut === null || cut.direction !== direction) return false;
    const passedBytes = cut.passed.reduce((sum, { length }) => sum + length, 0);
    const rest = piece.subarray(0, cut.afterBytes - passedBytes);
    cut.passed.push(rest);
    if (passedBytes + piece.length < cut.afterBytes) return false;
    // FIN and not RST: the kernel may throw away what came before an RST and was not read yet.
    to.end(rest);
    hangUp(from);
    pair.cut = null;
    cut.done(Buffer.concat(cut.passed));
    return true;
  }

  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ ...target, allowHalfOpen: true });
    const pair: Pair = { client, server: upstream, cut: armed };
    armed = null;
    pairs.add(pair);
    for (const socket of [client, upstream]) {
      socket.setNoDelay();
      // `carry` handles it.
      socket.on("error", () => {});
    }
    void Promise.all([carry(pair, "up"), carry(pair, "down")]).then(() => {
      pairs.delete(pair);
      if (pair.cut !== null) armed ??= { ...pair.cut, passed: [] };
    });
  });
  server.listen(listen.port, listen.host);
  await once(server, "listening");

  function reset(): void {
    for (const { client, server: upstream } of pairs) {
      hangUp(client);
      hangUp(upstream);
    }
  }

  return {
    port: (server.address() as AddressInfo).port,
    impose,
    release: () => impose(NORMAL),
    reset,
    cutNext: (cut) => {
      const { promise, resolve } = Promise.withResolvers<Buffer>();
      armed = { ...cut, passed: [], done: resolve };
      return promise;
    },
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      impose(NORMAL);
      reset();
      await closed;
    },
  };
}

/** RST. A socket that is ending already cannot be reset: libuv would keep it open forever. */
function hangUp(socket: Socket): void {
  if (socket.destroyed) return;
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

/** `up` is from the client to the server, `down` the way back. */
export type Direction = "up" | "down";

/** The condition of a network. */
export type NetworkCondition =
  | { kind: "normal" }
  /** Each piece comes so much later. */
  | { kind: "latency"; delayMs: number }
  | { kind: "throttle"; bytesPerSecond: number }
  /** Every byte comes alone. */
  | { kind: "slices" }
  /** Connections are accepted, and nothing comes through: no byte, no end of a connection. */
  | { kind: "black hole" }
  /** Nothing comes through in one direction. */
  | { kind: "half-open"; dead: Direction };

export const NORMAL: NetworkCondition = { kind: "normal" };

const THROTTLE_STEP_MS = 20;

/** Whether nothing passes in this direction, not even the end of a connection. */
function isDead(condition: NetworkCondition, direction: Direction): boolean {
  return (
    condition.kind === "black hole" ||
    (condition.kind === "half-open" && condition.dead === direction)
  );
}

/** Cuts a piece of a stream into what passes at once, each at its time. */
async function* passing(chunk: Buffer, condition: NetworkCondition): AsyncGenerator<Buffer> {
  switch (condition.kind) {
    case "latency":
      await pause(condition.delayMs);
      yield chunk;
      return;
    case "throttle": {
      const step = Math.max(1, Math.floor((condition.bytesPerSecond * THROTTLE_STEP_MS) / 1_000));
      for (let from = 0; from < chunk.length; from += step) {
        yield chunk.subarray(from, from + step);
        await pause(THROTTLE_STEP_MS);
      }
      return;
    }
    case "slices":
      for (let at = 0; at < chunk.length; at += 1) {
        yield chunk.subarray(at, at + 1);
        await nextTurn();
      }
      return;
    case "normal":
    case "black hole":
    case "half-open":
      yield chunk;
  }
}
