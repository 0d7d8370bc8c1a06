import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { connectTestClient, eventually, type TestClient } from "@weir/testkit";
import { generate, type IConnectPacket } from "mqtt-packet";

describe("the log of connections on $SYS/broker/log/N", () => {
  let opened: AsyncDisposableStack;
  let port: number;
  let watcher: TestClient;
  const lines = (): string[] =>
    watcher.received.map(({ payload }) => payload.toString().replace(/^\d+: /, ""));
  const line = (pattern: RegExp): Promise<string> =>
    eventually(() => lines().find((one) => pattern.test(one)));

  async function connect(given: Partial<IConnectPacket> & { clientId: string }): Promise<Socket> {
    const socket = createConnection(port, "127.0.0.1");
    opened.defer(() => {
      socket.destroy();
    });
    socket.on("error", () => {});
    socket.write(generate({ cmd: "connect", protocolVersion: 4, clean: true, ...given }));
    await once(socket, "data");
    return socket;
  }

  beforeEach(async () => {
    opened = new AsyncDisposableStack();
    port = opened.use(await startBroker()).port;
    watcher = opened.use(await connectTestClient(port, "$SYS/broker/log/#"));
  });
  afterEach(() => opened.disposeAsync());

  test("says who connects, from where, and whether with the former session", async () => {
    await connect({ clientId: "one", username: "bob", keepalive: 7 });
    await connect({ clientId: "two", clean: false });
    const address = "127\\.0\\.0\\.1:\\d+";
    await line(
      new RegExp(`^New client connected from ${address} as one \\(p4, c1, k7, u'bob'\\)\\.$`),
    );
    await line(new RegExp(`^New client connected from ${address} as two \\(p4, c0, k0\\)\\.$`));
  });

  test("tells a goodbye from the end of a connection", async () => {
    (await connect({ clientId: "polite" })).write(generate({ cmd: "disconnect" }));
    (await connect({ clientId: "ended" })).end();
    (await connect({ clientId: "reset" })).resetAndDestroy();
    await line(/^Client polite \[127.0.0.1:\d+\] disconnected\.$/);
    await line(/^Client ended \[.*\] disconnected: connection closed by client\.$/);
    await line(/^Client reset \[.*\] disconnected: connection closed by client\.$/);
  });

  test("says when nothing was heard for longer than the keep-alive", async () => {
    await connect({ clientId: "asleep", keepalive: 1 });
    await line(/^Client asleep \[.*\] disconnected: exceeded timeout\.$/);
  });

  test("says that another client has taken the id, before that one connects", async () => {
    const { localPort } = await connect({ clientId: "twin" });
    await connect({ clientId: "twin" });
    await eventually(() => lines().filter((one) => one.includes("as twin ")).length === 2);
    const events = lines().filter((one) => one.includes("twin"));
    expect(events[1]).toBe(
      `Client twin [127.0.0.1:${localPort}] disconnected: session taken over.`,
    );
  });

  test("says that a client has broken a rule", async () => {
    (await connect({ clientId: "rude" })).write(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]));
    await line(/^Client rude \[.*\] disconnected: protocol error\.$/);
  });

  test("cannot be written by a client", async () => {
    const liar = await connect({ clientId: "liar" });
    const forged = { topic: "$SYS/broker/log/N", payload: "1: Client a [1.2.3.4:5] disconnected." };
    liar.write(generate({ cmd: "publish", qos: 0, retain: false, dup: false, ...forged }));
    await line(/^Client liar .* disconnected/);
    expect(lines().filter((one) => one.startsWith("Client a "))).toEqual([]);
  });

  test("is not retained", async () => {
    await connect({ clientId: "before" });
    await line(/before/);
    const later = opened.use(await connectTestClient(port, "$SYS/broker/log/#"));
    await connect({ clientId: "after" });
    await eventually(() => later.received.some(({ payload }) => payload.includes("as after ")));
    expect(later.received.filter(({ payload }) => payload.includes("as before "))).toEqual([]);
  });
});
