import { errorMessage } from "@weir/runtime";
import { generate, type Packet, parser } from "mqtt-packet";
import { REFUSED_USER, withCode, wordsFor } from "../outage.ts";
import { nameOf, violation } from "../packets/errors.ts";
import { byteAt } from "../packets/packet-parser.ts";
import type { Answered } from "../shortfalls.ts";
import { byIdentifier, type SubscriptionGroup } from "../subscription-sync.ts";
import type { ProtocolVersion, SubscribeRequest } from "./connection.ts";
import type { Wire } from "./direct.ts";
import type { Pending, Send } from "./publish.ts";

/** What can be asked of a broker with a packet id. */
type Request = Extract<Packet, { cmd: "publish" | "subscribe" | "unsubscribe" }>;
/** The broker's answer, or why nothing was asked. */
type Answer = Packet | Error;
type Settle = (answer: Answer) => void;

/** What was asked of the broker, and has no answer yet. */
export interface Requests {
  /** Sends a packet with a packet id of its own. */
  send(packet: Request, settle: Settle): void;
  /** Takes an answer. One to a question that nobody asked has no effect. */
  answered(packet: Packet): void;
  /** Resolves when all that was asked has its answer. */
  idle(): Promise<void>;
}

const PACKET_ID_MAX = 65_535;

export function createRequests(
  protocolVersion: ProtocolVersion,
  write: (bytes: Buffer) => void,
): Requests {
  const waiting = new Map<number, Settle>();
  const idle: (() => void)[] = [];
  let lastId = 0;

  function nextId(): number {
    do lastId = (lastId % PACKET_ID_MAX) + 1;
    while (waiting.has(lastId));
    return lastId;
  }

  function send(packet: Request, settle: Settle): void {
    if (waiting.size >= PACKET_ID_MAX) {
      settle(new Error("no packet id is free: the broker does not answer"));
      return;
    }
    const messageId = nextId();
    try {
      write(generate({ ...packet, messageId }, { protocolVersion }));
    } catch (error) {
      // What cannot be encoded, an empty topic for example, was not sent.
      settle(error as Error);
      return;
    }
    waiting.set(messageId, settle);
  }

  return {
    send,
    answered: (packet) => {
      const { messageId = 0 } = packet;
      const settle = waiting.get(messageId);
      waiting.delete(messageId);
      settle?.(packet);
      if (waiting.size > 0) return;
      for (const resolve of idle.splice(0)) resolve();
    },
    idle: () => {
      if (waiting.size === 0) return Promise.resolve();
      return new Promise((resolve) => idle.push(resolve));
    },
  };
}

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

/** Parses packets that are not PUBLISH, each from the bytes of exactly one. */
type ParseControl = (frame: Buffer) => Packet;

const ANSWERS: ReadonlySet<string> = new Set(["puback", "suback", "unsuback"]);

/** These come seldom, so mqtt-packet parses them. @throws Violation when one is broken. */
export function createControlParser(protocolVersion: ProtocolVersion): ParseControl {
  const parsing = parser({ protocolVersion });
  let parsed: Packet | null = null;
  let wrong: Error | null = null;
  parsing.on("packet", (packet: Packet) => {
    parsed = packet;
  });
  parsing.on("error", (error: Error) => {
    wrong = error;
  });

  return (frame) => {
    parsed = null;
    wrong = null;
    try {
      // It keeps what it is given.
      parsing.parse(Buffer.from(frame));
    } catch (error) {
      throw broken(frame, errorMessage(error));
    }
    return whole(frame, parsed, wrong);
  };
}

function whole(frame: Buffer, parsed: Packet | null, wrong: Error | null): Packet {
  if (wrong !== null) throw broken(frame, wrong.message);
  if (parsed === null || !hasPacketId(parsed)) throw broken(frame, "it ends too early");
  return parsed;
}

function broken(frame: Buffer, words: string): Error {
  const name = nameOf(byteAt(frame, 0));
  return violation("malformed", `${name} of ${frame.length} bytes: ${words}`);
}

/** Whether a packet that answers something says what; mqtt-packet reads a missing packet id as -1. */
function hasPacketId({ cmd, messageId = 0 }: Packet): boolean {
  return messageId > 0 || !ANSWERS.has(cmd);
}

/** Writes PUBLISH packets; those of QoS 1 wait for their PUBACK. */
export function createSend(options: {
  requests: Requests;
  wire: Pick<Wire, "write">;
  protocolVersion: ProtocolVersion;
}): Send {
  const { requests, wire, protocolVersion } = options;
  return (publication, settle) => {
    const packet = { ...publication, cmd: "publish", dup: false } as const;
    if (publication.qos === 0) wire.write(generate(packet, { protocolVersion }), settle);
    else requests.send(packet, (answer) => settle(problemOf(answer)));
  };
}

function problemOf(answer: Answer): Error | null {
  if (answer instanceof Error) return answer;
  if (answer.cmd !== "puback") return new Error(`the broker answered with ${answer.cmd}`);
  const { reasonCode = 0 } = answer;
  if (reasonCode < REFUSED_MIN) return null;
  return withCode(`Publish error: ${wordsFor(reasonCode)}`, reasonCode);
}
