import type { ReconnectingClient } from "@weir/mqtt";
import { type ServiceContext, watchBroker } from "@weir/runtime";
import type { StreamsConfig } from "@weir/streams";
import type { LoggerConfig } from "../config.ts";
import { type Receipts, startReceipts } from "../receipts.ts";
import type { Stream } from "../stream/stream.ts";
import { type Connection, type ConnectionOptions, createConnection } from "./connection.ts";
import { type ConnectionPlan, planConnections } from "./plan.ts";

/** The connections that run: one for each broker, and one for each stream that asks for its own. */
interface Connections extends AsyncDisposable {
  /** Opens, changes and closes connections so that they are what the streams ask for. */
  apply(config: Pick<StreamsConfig, "brokers" | "streams">): Promise<void>;
  /** The way to the broker of the environment; `null` while no stream uses it. */
  defaultLink(): ReconnectingClient | null;
}

interface ConnectionsOptions
  extends Pick<ServiceContext, "clock" | "logger" | "health" | "metrics" | "fail">,
    Pick<ConnectionOptions, "onCommitted" | "onUnmatched" | "onStrange" | "onDropped" | "locks"> {
  streams: () => readonly Stream[];
  onReceipt: () => void;
}

const DEFAULT_BROKER = "default";

export function createConnections(
  config: Pick<LoggerConfig, "clientId" | "file" | "sessionExpirySeconds" | "transport">,
  options: ConnectionsOptions,
): Connections {
  const { clock, logger, fail, onReceipt } = options;
  const running = new Map<string, Connection>();
  // A message may be stored by streams on several connections of one broker, but has one receipt.
  const receiptsOf = new Map<string, Receipts>();

  const ofBroker = (name: string): Connection[] =>
    [...running.values()].filter(({ plan }) => plan.brokerName === name);

  function receiptsFor(brokerName: string): Receipts {
    const known = receiptsOf.get(brokerName);
    if (known !== undefined) return known;
    const started = startReceipts({
      streams: () => ofBroker(brokerName).flatMap(({ plan }) => streamsOf(plan)),
      takes: (stream, topic) => ofBroker(brokerName).some((one) => one.takes(stream, topic)),
      client: () => ofBroker(brokerName)[0]?.client ?? null,
      clock,
      logger,
      onPublished: onReceipt,
      onFault: fail,
    });
    receiptsOf.set(brokerName, started);
    return started;
  }

  function streamsOf({ streams }: ConnectionPlan): Stream[] {
    const names = new Set(streams.map(({ name }) => name));
    return options.streams().filter((stream) => names.has(stream.config.name));
  }

  function open(plan: ConnectionPlan): void {
    const receipts = receiptsFor(plan.brokerName);
    const connection = createConnection({
      ...options,
      ...config,
      plan,
      streams: streamsOf(plan),
      brokerCheck: watchBroker(options, plan.name === DEFAULT_BROKER ? "broker" : plan.name),
      onConnected: receipts.connected,
      onPublishers: receipts.note,
      onFault: fail,
    });
    running.set(plan.name, connection);
    connection.start();
  }

  return {
    apply: async (wanted) => {
      const plans = planConnections(wanted, config);
      for (const plan of plans) {
        const known = running.get(plan.name);
        if (known === undefined) open(plan);
        else await known.setStreams(plan, streamsOf(plan));
      }
      for (const [name, connection] of running) {
        if (plans.some((plan) => plan.name === name)) continue;
        // The broker must not go on keeping messages for a session that nobody comes back to.
        await connection.setStreams({ ...connection.plan, streams: [] }, []);
        running.delete(name);
        await connection[Symbol.asyncDispose]();
      }
    },
    defaultLink: () => ofBroker(DEFAULT_BROKER)[0]?.client ?? null,
    [Symbol.asyncDispose]: async () => {
      for (const receipts of receiptsOf.values()) receipts[Symbol.dispose]();
      await Promise.all([...running.values()].map((one) => one[Symbol.asyncDispose]()));
    },
  };
}
