export type { SubscribingSession, Subscriptions } from "./agreement.ts";
export { type Backoff, backoffMs, RECONNECT_BACKOFF } from "./backoff.ts";
export { type Opened, PACKET_BYTES_MAX, type ProtocolVersion } from "./connection.ts";
export type { Answered, Shortfall } from "./grants.ts";
export { createLink, type Link, type LinkLogger, type LinkOptions } from "./link.ts";
export type {
  DroppedMessage,
  Flaw,
  InboundMessage,
  PublishOptions,
  ReceivedMessage,
  Session,
  Subscription,
} from "./message.ts";
export { pause } from "./pause.ts";
export { BATCH_LIMITS, type BatchLimits } from "./receiver.ts";
export { isRefusal } from "./refusal.ts";
export {
  createSessionMemory,
  type HeldSubscription,
  isHeld,
  type SessionMemory,
  type SessionRecord,
} from "./session-memory.ts";
export type { Transport } from "./transport.ts";
