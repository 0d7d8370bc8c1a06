import type { IConnackPacket } from "mqtt-packet";
import type { Opened, ProtocolVersion, Subscription } from "./connection/connection.ts";
import { wordsFor } from "./outage.ts";

/** What a broker allows, as its CONNACK says. One of MQTT 3.1.1 says nothing, so all but identifiers is taken as allowed. */
export interface Grants {
  /** Whether it keeps retained messages [MQTT-3.2.2-14]. */
  retain: boolean;
  /** The highest QoS that it takes [MQTT-3.2.2-11]. */
  qosMax: 0 | 1;
  /** The largest packet that it takes, in bytes [MQTT-3.2.2-15]. */
  packetBytesMax: number;
  /** How long it keeps the session, where that is not what was asked for [MQTT-3.2.2.3.2]. */
  sessionExpirySeconds: number | null;
  wildcards: boolean;
  sharedSubscriptions: boolean;
  /** Whether messages can tell the subscription that brought them. */
  identifiers: boolean;
}

/** Something that this client asked for and does not get. */
export interface Shortfall {
  kind:
    | "retain"
    | "qos"
    | "packet size"
    | "session expiry"
    | "identifiers"
    | "granted qos"
    | "filter"
    | "client id";
  /** In words for an operator, with what to do about it. */
  reason: string;
}

/** The largest packet that the suite itself publishes: 256 KiB of payload, a topic, properties. */
const OWN_PACKET_BYTES_MAX = 262_144 + 65_535 + 1_024;
/** SUBACK's reason codes from here on say why a filter is refused; below it is the QoS that is granted. */
export const REFUSED_MIN = 0x80;

/** What a CONNACK says that takes the client in. */
export function openedBy(connack: IConnackPacket, protocolVersion: ProtocolVersion): Opened {
  const grants = grantsOf(connack, protocolVersion);
  return { protocolVersion, sessionPresent: connack.sessionPresent, grants };
}

function grantsOf({ properties = {} }: IConnackPacket, protocolVersion: ProtocolVersion): Grants {
  return {
    retain: Boolean(properties.retainAvailable ?? true),
    qosMax: properties.maximumQoS === 0 ? 0 : 1,
    packetBytesMax: properties.maximumPacketSize ?? Number.POSITIVE_INFINITY,
    sessionExpirySeconds: properties.sessionExpiryInterval ?? null,
    wildcards: Boolean(properties.wildcardSubscriptionAvailable ?? true),
    sharedSubscriptions: Boolean(properties.sharedSubscriptionAvailable ?? true),
    identifiers:
      protocolVersion === 5 && Boolean(properties.subscriptionIdentifiersAvailable ?? true),
  };
}

/** What of a connection falls short. @param expirySeconds the session expiry that was asked for; 0 for none. */
export function connectionShortfalls(
  grants: Grants,
  protocolVersion: ProtocolVersion,
  expirySeconds: number,
): Shortfall[] {
  const { packetBytesMax, sessionExpirySeconds } = grants;
  const short: Shortfall[] = [];
  if (!grants.retain) {
    short.push({
      kind: "retain",
      reason:
        "the broker keeps no retained messages: everything is published without retain, and who comes later does not find it. Allow retained messages in the broker.",
    });
  }
  if (grants.qosMax === 0) {
    short.push({
      kind: "qos",
      reason:
        "the broker takes and sends QoS 0 only: what is under way may be lost. Allow QoS 1 in the broker.",
    });
  }
  if (packetBytesMax < OWN_PACKET_BYTES_MAX) {
    short.push({
      kind: "packet size",
      reason: `the broker takes packets of at most ${packetBytesMax} bytes: larger messages are not sent. Raise its maximum packet size to ${OWN_PACKET_BYTES_MAX} at least.`,
    });
  }
  if (sessionExpirySeconds !== null && sessionExpirySeconds < expirySeconds) {
    short.push({
      kind: "session expiry",
      reason: `the broker keeps the session for ${sessionExpirySeconds} s instead of ${expirySeconds} s: whoever is away for longer loses what it had queued. Raise the broker's limit, or ask for less.`,
    });
  }
  if (protocolVersion === 5 && !grants.identifiers) {
    short.push({
      kind: "identifiers",
      reason:
        "the broker has no subscription identifiers: where filters overlap, a broader one is subscribed to. Allow them in the broker.",
    });
  }
  return short;
}

/** What the broker said of one subscription. */
export interface Answered {
  subscription: Subscription;
  /** The granted QoS, or from 0x80 on why it is refused. */
  code: number;
}

/** Why the broker will not have a subscription, by what its CONNACK says; asking all the same would end the connection. */
export function refusalOf({ filter }: Subscription, grants: Grants): number | null {
  if (!grants.sharedSubscriptions && filter.startsWith("$share/")) return 0x9e;
  if (!grants.wildcards && /[+#]/.test(filter)) return 0xa2;
  return null;
}

export function isRefused({ code }: Answered): boolean {
  return code >= REFUSED_MIN;
}

/** What of subscriptions falls short. */
export function subscriptionShortfalls(answers: readonly Answered[]): Shortfall[] {
  const refused = answers.filter(isRefused);
  const lower = answers.filter((one) => !isRefused(one) && one.code < one.subscription.qos);
  return [
    ...refused.map(({ subscription, code }) => ({
      kind: "filter" as const,
      reason: `cannot subscribe to ${subscription.filter}: ${wordsFor(code)}. Its messages do not come; allow it to this user, or take it out of the configuration.`,
    })),
    ...(lower.length === 0
      ? []
      : [
          {
            kind: "granted qos" as const,
            reason: `the broker grants QoS 0 instead of 1 to ${lower.map(({ subscription }) => subscription.filter).join(", ")}: what comes while nobody is connected is lost. Allow QoS 1 in the broker.`,
          },
        ]),
  ];
}
