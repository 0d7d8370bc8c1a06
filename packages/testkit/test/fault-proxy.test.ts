import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { describe, expect, test } from "@jest/globals";
import { eventually, type FaultProxy, startFaultProxy } from "../src/index.ts";

/** A server behind a proxy, and both ends of one connection through it. */
interface Line extends AsyncDisposable {
  proxy: FaultProxy;
  client: Endpoint;
  server: Endpoint;
}

interface Endpoint {
  socket: Socket;
  received: () => string;
  /** How it ended: `end` or an error's code. */
  ended: () => string | null;
}

function watch(socket: Socket): Endpoint {
  let received = "";
  let ended: string | null = null;
  socket.on("data", (chunk) => {
    received += chunk;
  });
  socket.on("end", () => {
    ended ??= "end";
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    ended ??= error.code ?? "error";
  });
  return { socket, received: () => received, ended: () => ended };
}

async function openLine(prepare: (proxy: FaultProxy) => void = () => {}): Promise<Line> {
  await using opening = new AsyncDisposableStack();
  const real = createServer({ allowHalfOpen: true });
  real.listen(0, "127.0.0.1");
  await once(real, "listening");
  opening.defer(() => void real.close());
  const { port } = real.address() as AddressInfo;
  const proxy = opening.use(await startFaultProxy({ target: { host: "127.0.0.1", port } }));
  prepare(proxy);
  const accepted = once(real, "connection");
  const client = watch(connect({ port: proxy.port, host: "127.0.0.1", allowHalfOpen: true }));
  opening.defer(() => void client.socket.destroy());
  const [socket] = await accepted;
  opening.defer(() => socket.destroy());
  const opened = opening.move();
  return {
    proxy,
    client,
    server: watch(socket),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

describe("the fault proxy", () => {
  test("carries bytes and their end both ways without a disturbance", async () => {
    await using line = await openLine();
    line.client.socket.end("question");
    await eventually(() => line.server.ended() === "end");
    expect(line.server.received()).toBe("question");
    line.server.socket.end("answer");
    await eventually(() => line.client.ended() === "end");
    expect(line.client.received()).toBe("answer");
  });

  test("brings each byte alone", async () => {
    await using line = await openLine((proxy) => proxy.impose({ kind: "slices" }));
    line.client.socket.write("abcdefgh");
    await eventually(() => line.server.received() === "abcdefgh");
  });

  test("delays, and throttles", async () => {
    await using line = await openLine((proxy) => proxy.impose({ kind: "latency", delayMs: 60 }));
    const sentAtMs = performance.now();
    line.client.socket.write("slow");
    await eventually(() => line.server.received() === "slow");
    expect(performance.now() - sentAtMs).toBeGreaterThanOrEqual(55);

    line.proxy.impose({ kind: "throttle", bytesPerSecond: 1_000 });
    const throttledAtMs = performance.now();
    line.client.socket.write("x".repeat(100));
    await eventually(() => line.server.received().length === 104);
    expect(performance.now() - throttledAtMs).toBeGreaterThanOrEqual(75);
  });

  test("swallows everything in a black hole, and lets it out on release", async () => {
    await using line = await openLine();
    await using witness = await openLine();
    line.proxy.impose({ kind: "black hole" });
    line.client.socket.end("late");
    line.server.socket.write("too");
    witness.client.socket.end("witness");
    await eventually(() => witness.server.ended() === "end");
    expect(line.server.received() + line.client.received()).toBe("");
    expect(line.server.ended()).toBeNull();
    line.proxy.release();
    await eventually(() => line.server.ended() === "end");
    await eventually(() => line.client.received() === "too");
    expect(line.server.received()).toBe("late");
  });

  test("is half-open: one direction is dead, the other alive", async () => {
    await using line = await openLine();
    line.proxy.impose({ kind: "half-open", dead: "up" });
    line.client.socket.write("lost on its way");
    line.server.socket.write("alive");
    await eventually(() => line.client.received() === "alive");
    expect(line.server.received()).toBe("");
  });

  test("resets every connection", async () => {
    await using line = await openLine();
    line.client.socket.write("a");
    await eventually(() => line.server.received() === "a");
    line.proxy.reset();
    await eventually(() => line.client.ended() === "ECONNRESET");
    await eventually(() => line.server.ended() !== null);
  });

  for (const direction of ["up", "down"] as const) {
    test(`cuts one connection at an exact byte, ${direction}`, async () => {
      const cut = Promise.withResolvers<Buffer>();
      await using line = await openLine((proxy) => {
        proxy.cutNext({ direction, afterBytes: 5 }).then(cut.resolve, cut.reject);
      });
      const [sender, receiver] =
        direction === "up" ? [line.client, line.server] : [line.server, line.client];
      sender.socket.write("abc");
      await eventually(() => receiver.received() === "abc");
      sender.socket.write("defgh");
      expect(String(await cut.promise)).toBe("abcde");
      await eventually(() => receiver.ended() === "end");
      expect(receiver.received()).toBe("abcde");
      await eventually(() => sender.ended() === "ECONNRESET");
    });
  }
});
