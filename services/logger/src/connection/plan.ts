import { basename, dirname, join } from "node:path";
import type { BrokerConfig } from "@weir/runtime";
import type { StreamConfig, StreamsConfig } from "@weir/streams";

/** One connection to a broker, and the streams that come over it. */
export interface ConnectionPlan {
  /** Names it in logs and health checks: `default`, `broker-<name>` or `stream-<name>`. */
  name: string;
  /** The broker's name; connections of one broker share their receipts. */
  brokerName: string;
  broker: BrokerConfig;
  clientId: string;
  sessionFile: string;
  streams: readonly StreamConfig[];
}

export interface PlanOptions {
  clientId: string;
  /** The main job's file; what is remembered of sessions lies beside it. */
  file: string;
}

const DEFAULT = "default";

/** One connection for each broker that streams share, and one for each stream that asks for its own. */
export function planConnections(
  { brokers, streams }: Pick<StreamsConfig, "brokers" | "streams">,
  { clientId, file }: PlanOptions,
): ConnectionPlan[] {
  const groups = Map.groupBy(streams, nameOf);
  return [...groups].map(([name, members]) => {
    const brokerName = members[0]?.broker ?? DEFAULT;
    const suffix = name === DEFAULT ? "" : `-${name}`;
    return {
      name,
      brokerName,
      // The configuration was read: it names no broker that it does not have.
      broker: brokers[brokerName] as BrokerConfig,
      clientId: `${clientId}${suffix}`,
      sessionFile: join(dirname(file), `${basename(file)}.session${suffix}`),
      streams: members,
    };
  });
}

function nameOf({ name, broker, connection }: StreamConfig): string {
  if (connection === "own") return `stream-${name}`;
  return broker === DEFAULT ? DEFAULT : `broker-${broker}`;
}

/** What is gathered before it is committed: the shortest wait of the streams that share a connection holds for all. */
export function batchOf(streams: readonly StreamConfig[]): { rowsMax: number; delayMs: number } {
  return {
    rowsMax: Math.min(...streams.map(({ batch }) => batch.rowsMax)),
    delayMs: Math.min(...streams.map(({ batch }) => batch.delayMs)),
  };
}
