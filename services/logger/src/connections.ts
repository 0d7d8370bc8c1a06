import type { ReconnectingClient } from "@weir/mqtt";
import type { StreamsConfig } from "@weir/streams";
import type { LoggerConfig } from "./config.ts";
import { type Connection, type ConnectionOptions, createConnection } from "./connection.ts";
import { type ConnectionPlan, DEFAULT, planConnections } from "./plan.ts";
import { Receipts } from "./receipts.ts";
import type { Stream } from "./stream.ts";

interface ConnectionsOptions extends ConnectionOptions, Pick<LoggerConfig, "clientId" | "file"> {
  streams: () => readonly Stream[];
}

/** The connections that run: one for each broker, and one for each stream that asks for its own. */
export class Connections implements AsyncDisposable {
  readonly #options: ConnectionsOptions;
  readonly #running = new Map<string, Connection>();
  /** By broker: a message may be stored by streams on several connections of one, but has one receipt. */
  readonly #receipts = new Map<string, Receipts>();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** Opens, changes and closes connections until they are what the streams ask for. */
  async apply(config: Pick<StreamsConfig, "brokers" | "streams">): Promise<void> {
    const plans = planConnections(config, this.#options);
    for (const plan of plans) {
      const known = this.#running.get(plan.name);
      if (known === undefined) this.#open(plan);
      else await known.setStreams(plan, this.#streamsOf(plan));
    }
    for (const [name, connection] of this.#running) {
      if (plans.some((plan) => plan.name === name)) continue;
      // Without subscriptions the broker queues nothing for the session that is left behind.
      await connection.setStreams({ ...connection.plan, streams: [] }, []);
      this.#running.delete(name);
      this.#receipts.get(connection.plan.brokerName)?.sources.delete(connection);
      await connection[Symbol.asyncDispose]();
    }
  }

  /** A client of the environment's broker; `null` while no stream uses it. */
  defaultClient(): ReconnectingClient | null {
    const found = this.#running.values().find(({ plan }) => plan.brokerName === DEFAULT);
    return found?.client ?? null;
  }

  #open(plan: ConnectionPlan): void {
    const receipts = this.#receipts.get(plan.brokerName) ?? new Receipts(this.#options);
    this.#receipts.set(plan.brokerName, receipts);
    const connection = createConnection(plan, this.#streamsOf(plan), {
      ...this.#options,
      receipts,
    });
    receipts.sources.add(connection);
    this.#running.set(plan.name, connection);
    connection.client.start();
  }

  #streamsOf({ streams }: ConnectionPlan): Stream[] {
    const names = new Set(streams.map(({ name }) => name));
    return this.#options.streams().filter((stream) => names.has(stream.config.name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const receipts of this.#receipts.values()) receipts[Symbol.dispose]();
    await Promise.all([...this.#running.values()].map((one) => one[Symbol.asyncDispose]()));
  }
}
