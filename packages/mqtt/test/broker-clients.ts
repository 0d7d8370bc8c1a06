import { eventually } from "@weir/testkit";
import type { ClientOptions, Transport } from "../src/index.ts";
import { payloads, startTrial, type Trial, type TrialOptions } from "./fixture.ts";

/** Clients of one broker, for the claims of a suite. */
export interface Clients {
  /** A topic, or a part of one, that no other test has. */
  ownTopic(): string;
  /** A client that is connected, and subscribed to `filter` if there is one. */
  connect(filter?: string, options?: TrialOptions): Promise<Trial>;
  /** Options of a client that comes back to its session. */
  persistent(options?: Partial<ClientOptions>): Partial<ClientOptions>;
  /** Publishes a last message and returns all payloads that came up to it. */
  upToSentinel(trial: Pick<Trial, "received">, topic: string): Promise<string[]>;
}

export function createClients(broker: { url: () => string; transport: Transport }): Clients {
  const { url, transport } = broker;

  async function connect(filter?: string, options: TrialOptions = {}): Promise<Trial> {
    const trial = startTrial(url(), {
      ...(filter === undefined ? {} : { subscriptions: [{ filter, qos: 1 }] }),
      // A broker that is back is found within half a second.
      random: () => 0.05,
      transport,
      ...options,
    });
    await using connecting = new AsyncDisposableStack();
    connecting.use(trial);
    await eventually(() => trial.states.at(-1) === "connected");
    connecting.move();
    return trial;
  }

  return {
    ownTopic: () => `suite/${crypto.randomUUID()}`,
    connect,
    persistent: (options = {}) => ({
      clientId: `suite-${crypto.randomUUID()}`,
      session: { kind: "persistent", expirySeconds: 3_600 },
      ...options,
    }),
    upToSentinel: async (trial, topic) => {
      await using publisher = await connect();
      await publisher.client.publish(topic, "sentinel", { qos: 1 });
      return await eventually(() => {
        const all = payloads(trial.received);
        return all.includes("sentinel") && all;
      });
    },
  };
}
