export { type Backoff, backoffMs, RECONNECT_BACKOFF } from "./backoff.ts";
export { createLink, type Link, type LinkLogger, type LinkOptions } from "./link.ts";
export type { InboundMessage, PublishOptions, Session, Subscription } from "./message.ts";
export { createSessionMemory, type SessionMemory, type SessionRecord } from "./session-memory.ts";
