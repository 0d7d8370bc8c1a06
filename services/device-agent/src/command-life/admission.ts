import type { InboundMessage } from "@weir/mqtt";
import { type Command, type CommandStatus, parseCommand } from "@weir/protocol";
import { type DeviceCommand, parsePayload } from "../commands/command.ts";
import type { Journal } from "./journal.ts";

/** Commands that wait at most. A further one is rejected. */
const WAITING_MAX = 100;
/** Once ids have been forgotten, a command issued further ahead of the device's clock is rejected. */
const AHEAD_MS_MAX = 24 * 60 * 60 * 1_000;

/** A command that is not accepted, and its ack. */
export interface Refused {
  kind: "refused";
  id: string | null;
  name: string | null;
  status: "rejected" | "expired" | "duplicate";
  error?: string;
  result?: { first: CommandStatus };
}

interface AdmissionOptions {
  commands: ReadonlyMap<string, DeviceCommand>;
  journal: Pick<Journal, "statusOf" | "horizonMs" | "isFull">;
  /** How many commands wait. */
  waiting: number;
  nowMs: number;
}

/** Decides whether a message is a command to execute. */
export function admit(
  { payload, retained }: Pick<InboundMessage, "payload" | "retained">,
  { commands, journal, waiting, nowMs }: AdmissionOptions,
): { kind: "admitted"; command: Command } | Refused {
  const parsed = parseCommand(payload);
  if (parsed.kind === "rejected") {
    const { id, name, reason } = parsed;
    return { kind: "refused", id, name, status: "rejected", error: reason };
  }
  const { command } = parsed;
  const reject = (error: string): Refused => refusedAs(command, { status: "rejected", error });
  if (retained) return reject("retained commands are not executed");

  // Check duplicates first, so that a retry gets the original status.
  const first = command.id === null ? null : journal.statusOf(command.id);
  if (first !== null) return duplicateOf(command, first);

  const matched = match(command, commands);
  if (matched.kind === "unmatched") return reject(matched.reason);
  if (isExpired(command, nowMs)) return refusedAs(command, EXPIRED);
  const problem = issueProblem(command, journal.horizonMs(), nowMs);
  if (problem !== null) return reject(problem);
  if (waiting >= WAITING_MAX) return reject(`${WAITING_MAX} commands wait already`);
  if (journal.isFull()) return reject("too many acks wait for the broker");
  return { kind: "admitted", command };
}

/** Finds the command that a request names, and parses its payload. */
export function match(
  { name, payload }: Pick<Command, "name" | "payload">,
  commands: ReadonlyMap<string, DeviceCommand>,
):
  | { kind: "matched"; definition: DeviceCommand; payload: unknown }
  | { kind: "unmatched"; reason: string } {
  const definition = commands.get(name);
  if (definition === undefined) {
    return { kind: "unmatched", reason: `there is no command ${name}; describe lists them` };
  }
  const parsed = parsePayload(definition, payload);
  return parsed.kind === "valid"
    ? { kind: "matched", definition, payload: parsed.payload }
    : { kind: "unmatched", reason: parsed.reason };
}

export const EXPIRED = {
  status: "expired",
  error: "its expiresAt had passed before it began",
} as const;

export function isExpired({ expiresAtMs }: Pick<Command, "expiresAtMs">, nowMs: number): boolean {
  return expiresAtMs !== null && expiresAtMs <= nowMs;
}

export function duplicateOf(command: Command, first: CommandStatus): Refused {
  return refusedAs(command, { status: "duplicate", result: { first } });
}

function refusedAs(
  { id, name }: Command,
  ack: Pick<Refused, "status" | "error" | "result">,
): Refused {
  return { kind: "refused", id, name, ...ack };
}

/** Why the command with this id may have been executed and forgotten; `null` if it cannot have been. */
function issueProblem(
  { id, issuedAtMs }: Command,
  horizonMs: number | null,
  nowMs: number,
): string | null {
  if (id === null || horizonMs === null) return null;
  if (issuedAtMs === null) {
    return "it has an id and no issuedAt, and older ids are forgotten, so it may have been executed before; give issuedAt";
  }
  if (issuedAtMs < horizonMs) {
    return `issuedAt: it was issued before ${new Date(horizonMs).toISOString()}, and ids of that time are forgotten, so it may have been executed before`;
  }
  if (issuedAtMs > nowMs + AHEAD_MS_MAX) {
    return "issuedAt lies more than a day ahead of this device's clock; set the clock that is wrong";
  }
  return null;
}
