export { ALARM_HASTE_MS, type EarlierOutcome } from "./alarm.ts";
export { createDelivery, type Delivery, type DeliveryOptions } from "./delivery.ts";
export { EVENT_TTL_MS, type Expiring, isExpired, type KindSettings, type Outcome } from "./lane.ts";
export { type Outbox, type OutboxOptions, openOutbox } from "./outbox.ts";
export { OUTBOX_LIMITS, type OutboxLimits } from "./outbox-schema.ts";
export type { Acceptance, MessageKey } from "./queue.ts";
export {
  type AttemptBudget,
  createReconnectGate,
  earliestAttemptMs,
  ON_BATTERY,
  ON_MAINS,
  type PowerPolicy,
  type ReconnectGate,
  spendAttempt,
} from "./reconnect.ts";
export type { MessageOutcome } from "./sender.ts";
