export { type Backoff, backoffMs, pause, RECONNECT_BACKOFF } from "./backoff.ts";
export type { Answered, Opened, Session, Subscription } from "./connection/connection.ts";
export type { Transport } from "./connection/negotiate.ts";
export { isRefusal } from "./outage.ts";
export type {
  DroppedMessage,
  Flaw,
  InboundMessage,
  PublishOptions,
  ReceivedMessage,
} from "./packets/message.ts";
export type { TakesBatches, TakesMessages } from "./receiver.ts";
export {
  type ClientLogger,
  type ClientOptions,
  createReconnectingClient,
  type ReconnectingClient,
  type ReconnectingClientOptions,
} from "./reconnecting-client.ts";
export {
  createSessionMemory,
  type HeldSubscription,
  isHeld,
  type SessionMemory,
  type SessionRecord,
} from "./session-memory.ts";
export type { Shortfall } from "./shortfalls.ts";
export type { SubscribingSession, Subscriptions } from "./subscription-sync.ts";
