import { generate, type Packet } from "mqtt-packet";
import { FAILURE_MIN, NOT_AUTHORIZED, withCode, wordsFor } from "../packets/errors.ts";
import type { ProtocolVersion } from "../packets/message.ts";
import type { Sender } from "./operations.ts";

/** A packet with a packet id, which the broker answers. */
type Request = Extract<Packet, { cmd: "publish" | "subscribe" | "unsubscribe" }>;
/** The broker's answer, or why nothing was sent. */
type Answer = Packet | Error;

type Write = (bytes: Buffer, written?: (error?: Error | null) => void) => void;

const PACKET_ID_MAX = 65_535;

/** Sends the packets of a direct connection, and finds the request that an answer belongs to. */
export class Requests implements Sender {
  readonly #protocolVersion: ProtocolVersion;
  readonly #write: Write;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  readonly #idle: (() => void)[] = [];
  #lastId = 0;

  constructor(protocolVersion: ProtocolVersion, write: Write) {
    this.#protocolVersion = protocolVersion;
    this.#write = write;
  }

  publish(...[publication, settle]: Parameters<Sender["publish"]>): void {
    const packet = { ...publication, cmd: "publish", dup: false } as const;
    if (packet.qos === 0) {
      this.#write(generate(packet, { protocolVersion: this.#protocolVersion }), settle);
      return;
    }
    this.#send(packet, (answer) => {
      if (answer instanceof Error) settle(answer);
      else if (answer.cmd !== "puback") settle(unexpected(answer));
      else {
        const { reasonCode = 0 } = answer;
        const isRefused = reasonCode >= FAILURE_MIN;
        settle(isRefused ? withCode(`Publish error: ${wordsFor(reasonCode)}`, reasonCode) : null);
      }
    });
  }

  subscribe(...[packet, settle]: Parameters<Sender["subscribe"]>): void {
    this.#send({ cmd: "subscribe", ...packet } as Request, (answer) =>
      settle(codesOf(answer, packet.subscriptions.length)),
    );
  }

  unsubscribe(...[filters, settle]: Parameters<Sender["unsubscribe"]>): void {
    this.#send({ cmd: "unsubscribe", unsubscriptions: [...filters] }, (answer) => {
      const codes = codesOf(answer, filters.length);
      const refused = codes instanceof Error ? null : codes.find((code) => code >= FAILURE_MIN);
      if (refused === undefined) settle();
      else {
        const reason = codes instanceof Error ? codes.message : wordsFor(refused as number);
        settle(
          withCode(`cannot unsubscribe from ${filters.join(", ")}: ${reason}`, NOT_AUTHORIZED),
        );
      }
    });
  }

  /** Takes an answer. One without a request has no effect. */
  answered(packet: Packet): void {
    const { messageId = 0 } = packet;
    const settle = this.#waiting.get(messageId);
    this.#waiting.delete(messageId);
    settle?.(packet);
    if (this.#waiting.size > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Resolves when each request has its answer. */
  untilIdle(): Promise<void> {
    if (this.#waiting.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #send(packet: Request, settle: (answer: Answer) => void): void {
    if (this.#waiting.size >= PACKET_ID_MAX) {
      settle(new Error("no packet id is free: the broker does not answer"));
      return;
    }
    const messageId = this.#nextId();
    try {
      this.#write(generate({ ...packet, messageId }, { protocolVersion: this.#protocolVersion }));
    } catch (error) {
      // mqtt-packet cannot encode it, an empty topic for example: it was not sent.
      settle(error as Error);
      return;
    }
    this.#waiting.set(messageId, settle);
  }

  #nextId(): number {
    do this.#lastId = (this.#lastId % PACKET_ID_MAX) + 1;
    while (this.#waiting.has(this.#lastId));
    return this.#lastId;
  }
}

/** The code of each filter, or what is wrong with the answer. */
function codesOf(answer: Answer, count: number): number[] | Error {
  if (answer instanceof Error) return answer;
  if (answer.cmd !== "suback" && answer.cmd !== "unsuback") return unexpected(answer);
  // UNSUBACK of MQTT 3.1.1 has no codes [MQTT-3.11].
  const { granted = new Array<number>(count).fill(0) } = answer;
  if (granted.length === count) return granted.map(Number);
  return new Error(`the broker answered ${granted.length} of ${count} filters`);
}

function unexpected({ cmd }: Packet): Error {
  return new Error(`the broker answered with ${cmd}`);
}
