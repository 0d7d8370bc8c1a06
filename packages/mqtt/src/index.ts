export { BrokerLink, type LinkState } from "./broker-link.ts";
export type { Answered, Opened, Session, Subscription } from "./connection/connection.ts";
export type { Transport } from "./connection/negotiate.ts";
export { type Backoff, backoffMs, isRefusal, pause, RECONNECT_BACKOFF } from "./outage.ts";
export type {
  DroppedMessage,
  Flaw,
  InboundMessage,
  PublishOptions,
  ReceivedMessage,
} from "./packets/message.ts";
export { type Probe, probeBroker } from "./probe.ts";
export type { TakesBatches, TakesMessages } from "./receiver.ts";
export {
  type ClientLogger,
  type ClientOptions,
  createReconnectingClient,
  type ReconnectingClient,
  type ReconnectingClientOptions,
} from "./reconnecting-client.ts";
export type { Shortfall } from "./shortfalls.ts";
export {
  createSessionMemory,
  type HeldSubscription,
  isHeld,
  type SessionMemory,
  type SessionRecord,
  type Subscriptions,
} from "./subscription-sync.ts";
