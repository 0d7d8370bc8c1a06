export { OUTBOX_LIMITS, type OutboxLimits } from "./limits.ts";
export { type Outbox, type OutboxOptions, openOutbox } from "./outbox.ts";
export type { Acceptance, MessageKey } from "./queue.ts";
export type { Outcome } from "./sender.ts";
