export { ALARM_HASTE_MS, type EarlierOutcome } from "./alarm.ts";
export {
  type AttemptBudget,
  earliestAttemptMs,
  ON_BATTERY,
  ON_MAINS,
  type PowerPolicy,
  spendAttempt,
} from "./attempt-budget.ts";
export { createDelivery, type Delivery, type DeliveryOptions } from "./delivery.ts";
export { type Expiring, isExpired } from "./expiry.ts";
export { EVENT_TTL_MS, type KindSettings } from "./kind.ts";
export type { Outcome } from "./outcome.ts";
export { createReconnectGate, type ReconnectGate } from "./reconnect-gate.ts";
