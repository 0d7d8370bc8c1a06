export { type Backoff, backoffMs, pause, RECONNECT_BACKOFF } from "./backoff.ts";
export {
  BATCH_LIMITS,
  type BatchLimits,
  type DroppedMessage,
  type Flaw,
  type InboundMessage,
  type Opened,
  PACKET_BYTES_MAX,
  type ProtocolVersion,
  type PublishOptions,
  type ReceivedMessage,
  type Session,
  type Subscription,
} from "./connection/connection.ts";
export type { Transport } from "./connection/negotiate.ts";
export { isRefusal } from "./outage.ts";
export {
  type ClientLogger,
  createReconnectingClient,
  type ReconnectingClient,
  type ReconnectingClientOptions,
} from "./reconnecting-client.ts";
export type { Answered, Shortfall } from "./shortfalls.ts";
export {
  createSessionMemory,
  type HeldSubscription,
  isHeld,
  type SessionMemory,
  type SessionRecord,
  type SubscribingSession,
  type Subscriptions,
} from "./subscription-sync.ts";
