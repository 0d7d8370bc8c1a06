export { ALARM_URGENCY_MS } from "./alarm.ts";
export { createDelivery, type Delivery, type DeliveryOptions } from "./delivery.ts";
export { isExpired } from "./event.ts";
export { EVENT_TTL_MS, type KindSettings, type Outcome } from "./message-class.ts";
export { type Outbox, type OutboxOptions, openOutbox } from "./outbox.ts";
export { createReconnectGate, ON_BATTERY, ON_MAINS, spendAttempt } from "./reconnect.ts";
export type { MessageOutcome } from "./sender.ts";
