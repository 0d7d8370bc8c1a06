export { type AuditNotes, type AuditTask, audit } from "./audit.ts";
export { type AuditLine, count, type Doubt } from "./reconcile.ts";
export type { Tally } from "./tally.ts";
