import { systemClock } from "@weir/clock";
import { createLink, type InboundMessage, type Link } from "@weir/mqtt";
import { createTestContext } from "./service-context.ts";

/** A connected client for a test: publishes, and keeps what it receives. */
export interface TestClient extends AsyncDisposable {
  publish: Link["publish"];
  /** The messages that came, oldest first. */
  received: InboundMessage[];
}

/** Connects to a broker on this machine; resolves when it is subscribed to `filter`, if one is given. */
export async function connectTestClient(port: number, filter?: string): Promise<TestClient> {
  const received: InboundMessage[] = [];
  const connected = Promise.withResolvers<void>();
  const link = createLink({
    broker: { url: `mqtt://127.0.0.1:${port}`, username: null, password: null },
    clientId: `test-${crypto.randomUUID()}`,
    session: { kind: "clean" },
    subscriptions: filter === undefined ? [] : [{ filter, qos: 1 }],
    onMessage: (message) => received.push(message),
    onConnected: () => connected.resolve(),
    clock: systemClock,
    logger: createTestContext().logger,
  });
  link.start();
  await connected.promise;
  return {
    publish: link.publish,
    received,
    [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
  };
}
