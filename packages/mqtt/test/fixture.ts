import { systemClock } from "@weir/runtime";
import {
  type ClientOptions,
  createReconnectingClient,
  type InboundMessage,
  type ReceivedMessage,
  type ReconnectingClient,
  type TakesBatches,
  type TakesMessages,
} from "../src/index.ts";

/** Both transports, which promise the same. */
export const TRANSPORTS = ["mqttjs", "direct"] as const;

export type TrialOptions = Partial<ClientOptions> & (TakesMessages | TakesBatches);

/** A client, and all that it reported. */
export interface Trial extends AsyncDisposable {
  client: ReconnectingClient;
  received: InboundMessage[];
  /** "connected", "disconnected", in order. */
  states: string[];
  /** The protocol version of each connection. */
  versions: number[];
  /** Warnings of its log. */
  warnings: string[];
}

/** Starts a client to a broker on this machine. */
export function startTrial(url: string, options: TrialOptions = {}): Trial {
  const received: InboundMessage[] = [];
  const states: string[] = [];
  const versions: number[] = [];
  const warnings: string[] = [];
  const reporting: ClientOptions = {
    broker: { url, username: null, password: null },
    clientId: `trial-${crypto.randomUUID()}`,
    session: { kind: "clean" },
    onConnected: ({ protocolVersion }) => {
      states.push("connected");
      versions.push(protocolVersion);
    },
    onDisconnected: () => states.push("disconnected"),
    clock: systemClock,
    logger: { info: () => {}, debug: () => {}, warn: (_, text) => warnings.push(text) },
  };
  const client = createReconnectingClient(
    options.onBatch === undefined
      ? { ...reporting, onMessage: (message) => received.push(message), ...options }
      : { ...reporting, ...options },
  );
  client.start();
  return {
    client,
    received,
    states,
    versions,
    warnings,
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

/** The payloads of messages, as text. */
export function payloads(messages: readonly InboundMessage[]): string[] {
  return messages.map(({ payload }) => payload.toString());
}

/** Takes batches, as a test wants it. */
export interface Taker {
  /** Copies of all messages that were taken, in order. */
  received: ReceivedMessage[];
  /** How many messages each batch had. */
  sizes: number[];
  onBatch: (messages: readonly ReceivedMessage[]) => void;
}

/** @param isRefused called with each message; a batch with a refused one is not taken. */
export function createTaker(isRefused: (payload: string) => boolean = () => false): Taker {
  const received: ReceivedMessage[] = [];
  const sizes: number[] = [];
  return {
    received,
    sizes,
    onBatch: (messages) => {
      for (const { payload } of messages) {
        if (isRefused(payload.toString())) throw new Error(`refused: ${payload}`);
      }
      sizes.push(messages.length);
      for (const message of messages) {
        // The payload is only lent.
        received.push({ ...message, payload: Buffer.from(message.payload) });
      }
    },
  };
}
