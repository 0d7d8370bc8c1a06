import { systemClock } from "@weir/clock";
import { createLink, type InboundMessage, type Link, type LinkOptions } from "../src/index.ts";

/** A link, and all that it said to its owner. */
export interface Trial extends AsyncDisposable {
  link: Link;
  received: InboundMessage[];
  /** "connected", "disconnected", in order. */
  states: string[];
  /** The protocol version of each connection. */
  versions: number[];
  /** Warnings of its log. */
  warnings: string[];
}

/** Starts a link to a broker on this machine. */
export function startTrial(url: string, options: Partial<LinkOptions> = {}): Trial {
  const received: InboundMessage[] = [];
  const states: string[] = [];
  const versions: number[] = [];
  const warnings: string[] = [];
  const link = createLink({
    broker: { url, username: null, password: null },
    clientId: `trial-${crypto.randomUUID()}`,
    session: { kind: "clean" },
    onMessage: (message) => received.push(message),
    onConnected: ({ protocolVersion }) => {
      states.push("connected");
      versions.push(protocolVersion);
    },
    onDisconnected: () => states.push("disconnected"),
    clock: systemClock,
    logger: { info: () => {}, debug: () => {}, warn: (_, text) => warnings.push(text) },
    ...options,
  });
  link.start();
  return {
    link,
    received,
    states,
    versions,
    warnings,
    [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
  };
}

/** The payloads of messages, as text. */
export function payloads(messages: readonly InboundMessage[]): string[] {
  return messages.map(({ payload }) => payload.toString());
}
