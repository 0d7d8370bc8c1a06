import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { type Direction, FAIR, isDead, passing, type Weather } from "./fault-proxy-weather.ts";

/** A TCP proxy that breaks what goes through it, as told. */
export interface FaultProxy extends AsyncDisposable {
  port: number;
  /** Holds for all connections, until the next call. */
  impose(weather: Weather): void;
  /** Fair weather: what was held back goes through, as TCP would send it again. */
  release(): void;
  /** Ends all connections with RST, now. */
  reset(): void;
  /**
   * Cuts one connection, the next one on which so many bytes pass in a direction: who receives them
   * gets exactly these and the end, who sends them gets RST.
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
  let weather = FAIR;
  let released = Promise.withResolvers<void>();
  let armed: ArmedCut | null = null;

  function impose(next: Weather): void {
    weather = next;
    released.resolve();
    released = Promise.withResolvers<void>();
  }

  async function untilAlive(direction: Direction): Promise<void> {
    while (isDead(weather, direction)) await released.promise;
  }

  /** Carries bytes, and in the end the end, from one socket to the other. */
  async function carry(pair: Pair, direction: Direction): Promise<void> {
    const [from, to] = direction === "up" ? [pair.client, pair.server] : [pair.server, pair.client];
    try {
      // Not with it is the other direction: a socket that has been read to its end may be written to.
      for await (const chunk of from.iterator({ destroyOnReturn: false })) {
        await untilAlive(direction);
        for await (const piece of passing(chunk, weather)) {
          await untilAlive(direction);
          if (await cutIn(pair, { from, to, direction, piece })) return;
          if (!to.write(piece)) await Promise.race([once(to, "drain"), once(to, "close")]);
        }
      }
      await untilAlive(direction);
      to.end();
    } catch {
      // One end is gone; so is the other one, as soon as the network tells.
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
      // Whoever carries learns of it.
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
    release: () => impose(FAIR),
    reset,
    cutNext: (cut) => {
      const { promise, resolve } = Promise.withResolvers<Buffer>();
      armed = { ...cut, passed: [], done: resolve };
      return promise;
    },
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      impose(FAIR);
      reset();
      await closed;
    },
  };
}

/** RST. A socket that is saying goodbye already cannot be reset: libuv would keep it open for ever. */
function hangUp(socket: Socket): void {
  if (socket.destroyed) return;
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
