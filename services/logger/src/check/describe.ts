import { isDeepStrictEqual } from "node:util";
import type { StreamConfig, StreamsConfig } from "@weir/streams";
import type { FilterQos } from "@weir/topics";
import { type PlanOptions, planConnections } from "../connection/plan.ts";
import { NEW_SESSION, planSubscriptions } from "../connection/subscriptions.ts";

/** What a configuration comes to. It has no secrets. */
export interface Description {
  /** The weir.yaml that was read; `null` when there is none. */
  file: string | null;
  streams: readonly StreamConfig[];
  connections: DescribedConnection[];
  performance: StreamsConfig["performance"];
}

export interface DescribedConnection {
  name: string;
  clientId: string;
  broker: { name: string; url: string; username: string | null };
  streams: string[];
  /** What an MQTT 5 broker is asked for. */
  subscriptions: FilterQos[];
  /** What a 3.1.1 broker is asked for, where that is more; `null` where it is the same. */
  subscriptions311: FilterQos[] | null;
}

export function describeConfig(
  { file, streams, brokers, performance }: StreamsConfig,
  options: PlanOptions,
): Description {
  const connections = planConnections({ streams, brokers }, options).map((plan) => {
    const { subscriptions } = planSubscriptions(plan.streams, NEW_SESSION);
    const joined = planSubscriptions(plan.streams, { ...NEW_SESSION, identifiers: false });
    const isSame = isDeepStrictEqual(
      subscriptions.map(toFilterQos),
      joined.subscriptions.map(toFilterQos),
    );
    return {
      name: plan.name,
      clientId: plan.clientId,
      broker: {
        name: plan.brokerName,
        url: withoutSecrets(plan.broker.url),
        username: plan.broker.username,
      },
      streams: plan.streams.map(({ name }) => name),
      subscriptions: subscriptions.map(toFilterQos),
      subscriptions311: isSame ? null : joined.subscriptions.map(toFilterQos),
    };
  });
  return { file, streams, connections, performance };
}

const toFilterQos = ({ filter, qos }: FilterQos): FilterQos => ({ filter, qos });

/** The URL of the environment may hold a user and a password; a screen is no place for them. */
function withoutSecrets(text: string): string {
  const url = URL.parse(text);
  if (url === null || (url.username === "" && url.password === "")) return text;
  url.username = "";
  url.password = "";
  return url.href;
}
