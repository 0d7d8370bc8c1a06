import { matchesFilter } from "@weir/protocol";
import { type BrokerConfig, type ServiceContext, watchBroker } from "@weir/runtime";
import type { InboundMessage, PublishOptions } from "./packets/message.ts";
import { createReconnectingClient, type ReconnectingClient } from "./reconnecting-client.ts";

/** Whether the broker is there, and since when. */
export interface LinkState {
  isConnected: boolean;
  /** Milliseconds since the epoch; `null` before the first attempt has ended. */
  sinceMs: number | null;
  /** Why it is away. */
  reason: string | null;
}

interface Listener {
  filter: string;
  take: (message: InboundMessage) => void;
}

/** The one connection of a service to its broker: the service's parts listen to topics through it, and publish. */
export class BrokerLink implements AsyncDisposable {
  state: LinkState = { isConnected: false, sinceMs: null, reason: null };
  readonly #client: ReconnectingClient;
  readonly #listeners: Listener[] = [];
  readonly #onChange: (() => void)[] = [];

  constructor(broker: BrokerConfig, clientId: string, context: ServiceContext) {
    const { clock, logger } = context;
    const check = watchBroker(context);
    this.#client = createReconnectingClient({
      ...check,
      broker,
      clientId,
      session: { kind: "clean" },
      transport: "direct",
      onMessage: (message) => {
        for (const { filter, take } of this.#listeners) {
          if (matchesFilter(filter, message.topic)) take(message);
        }
      },
      onConnected: () => {
        check.onConnected();
        this.#become({ isConnected: true, sinceMs: clock.now(), reason: null });
      },
      onDisconnected: (reason) => {
        check.onDisconnected(reason);
        this.#become({ isConnected: false, sinceMs: clock.now(), reason });
      },
      clock,
      logger,
    });
  }

  /** Hands on messages of a topic filter. All listeners come before `start`. */
  listen(filter: string, take: (message: InboundMessage) => void): void {
    this.#listeners.push({ filter, take });
  }

  /** Calls back whenever `state` has changed. */
  onChange(changed: () => void): void {
    this.#onChange.push(changed);
  }

  async start(): Promise<void> {
    const filters = [...new Set(this.#listeners.map(({ filter }) => filter))];
    await this.#client.setSubscriptions(filters.map((filter) => ({ filter, qos: 1 })));
    this.#client.start();
  }

  /** @throws when there is no connection, or it ends before the broker has answered. */
  publish(topic: string, payload: string, options: PublishOptions = { qos: 1 }): Promise<void> {
    return this.#client.publish(topic, payload, options);
  }

  #become(state: LinkState): void {
    this.state = state;
    for (const changed of this.#onChange) changed();
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#client[Symbol.asyncDispose]();
  }
}
