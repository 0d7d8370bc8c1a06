import type { Packet } from "mqtt-packet";
import type { ProtocolVersion, SubscribeRequest } from "../connection.ts";
import type { Answered } from "../grants.ts";
import { REFUSED_USER, withCode, wordsFor } from "../outage.ts";
import type { Pending } from "../pending.ts";
import { byIdentifier, type SubscriptionGroup } from "../subscription-groups.ts";
import type { Answer, Requests } from "./requests.ts";

interface Asking {
  requests: Requests;
  pending: Pending;
  protocolVersion: ProtocolVersion;
}

const REFUSED_MIN = 0x80;

/** @throws when an answer does not fit. */
export async function subscribe(
  { requests, pending, protocolVersion }: Asking,
  subscriptions: readonly SubscribeRequest[],
  onAnswer: (answer: Answered) => void,
): Promise<void> {
  const ask = async (group: SubscriptionGroup<SubscribeRequest>): Promise<void> => {
    const { members } = group;
    await pending.run((settle) =>
      requests.send(subscribePacket(group, protocolVersion), (answer) => {
        const codes = codesOf(answer, members.length);
        if (codes instanceof Error) {
          const filters = members.map(({ filter }) => filter).join(", ");
          settle(withCode(`cannot subscribe to ${filters}: ${codes.message}`, "SUBACK"));
          return;
        }
        for (const [index, subscription] of members.entries()) {
          onAnswer({ subscription, code: codes[index] as number });
        }
        settle();
      }),
    );
  };
  await Promise.all(byIdentifier(subscriptions).map(ask));
}

function subscribePacket(
  { identifier, members }: SubscriptionGroup<SubscribeRequest>,
  protocolVersion: ProtocolVersion,
): Extract<Packet, { cmd: "subscribe" }> {
  return {
    cmd: "subscribe",
    subscriptions: members.map(({ filter, qos, retainAsPublished: rap = false, withRetained }) => ({
      topic: filter,
      qos,
      ...(protocolVersion === 5 && { rh: withRetained ? 0 : 1, ...(rap && { rap }) }),
    })),
    ...(identifier === null ? {} : { properties: { subscriptionIdentifier: identifier } }),
  };
}

/** @throws when the broker refuses. */
export async function unsubscribe(
  { requests, pending }: Asking,
  filters: readonly string[],
): Promise<void> {
  const packet = { cmd: "unsubscribe" as const, unsubscriptions: [...filters] };
  await pending.run((settle) =>
    requests.send(packet, (answer) => {
      const codes = codesOf(answer, filters.length);
      const refused =
        codes instanceof Error ? undefined : codes.find((code) => code >= REFUSED_MIN);
      if (Array.isArray(codes) && refused === undefined) {
        settle();
        return;
      }
      const reason = codes instanceof Error ? codes.message : wordsFor(refused ?? REFUSED_MIN);
      settle(withCode(`cannot unsubscribe from ${filters.join(", ")}: ${reason}`, REFUSED_USER));
    }),
  );
}

/** The reason code of each filter, or what is wrong with the answer. */
function codesOf(answer: Answer, count: number): number[] | Error {
  if (answer instanceof Error) return answer;
  if (answer.cmd !== "suback" && answer.cmd !== "unsuback") {
    return new Error(`the broker answered with ${answer.cmd}`);
  }
  // UNSUBACK of MQTT 3.1.1 has no reason codes [MQTT-3.11].
  const { granted = new Array<number>(count).fill(0) } = answer;
  if (granted.length !== count) {
    return new Error(`the broker answered ${granted.length} of ${count} filters`);
  }
  return granted.map(Number);
}
