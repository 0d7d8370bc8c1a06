export { type Backlog, readBacklog } from "./backlog.ts";
export {
  ALARM_URGENCY_MS,
  EVENT_TTL_MS,
  isExpired,
  type KindSettings,
  type Outcome,
} from "./classes.ts";
export { createDelivery, type Delivery, type DeliveryOptions } from "./delivery.ts";
export { type Outbox, type OutboxOptions, openOutbox } from "./outbox.ts";
export { OUTBOX_FORMAT, OUTBOX_LIMITS } from "./queue.ts";
export { createReconnectGate, ON_BATTERY, ON_MAINS, spendAttempt } from "./reconnect.ts";
export type { MessageOutcome } from "./sender.ts";
