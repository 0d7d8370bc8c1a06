import type { InboundMessage } from "@weir/mqtt";
import { type Command, type CommandStatus, parseCommand } from "@weir/protocol";
import type { DeviceCommand } from "../commands/command.ts";
import { parsePayload } from "../payload/payload.ts";
import type { Journal } from "./journal.ts";

/** Commands that wait to be obeyed at most. A further one is rejected. */
const WAITING_MAX = 100;
/** Once ids are forgotten, a time of issue further ahead of the device's clock is not believed. */
const AHEAD_MS_MAX = 24 * 60 * 60 * 1_000;

/** A command that is not taken in, and what its sender is told. */
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
  /** How many wait. */
  waiting: number;
  nowMs: number;
}

/** Whether a message is a command that is to be obeyed. */
export function admit(
  { payload, retained }: Pick<InboundMessage, "payload" | "retained">,
  options: AdmissionOptions,
): { kind: "admitted"; command: Command } | Refused {
  const parsed = parseCommand(payload);
  if (parsed.kind === "rejected") {
    const { id, name, reason } = parsed;
    return { kind: "refused", id, name, status: "rejected", error: reason };
  }
  const { command } = parsed;
  const refuse = (error: string): Refused => refusedAs(command, { status: "rejected", error });
  if (retained) return refuse("retained commands are not executed");

  // Before all else: who asks again learns of the first one what it would learn of no other.
  const first = command.id === null ? null : options.journal.statusOf(command.id);
  if (first !== null) return duplicateOf(command, first);

  const matched = match(command, options.commands);
  if (matched.kind === "unmatched") return refuse(matched.reason);
  if (isExpired(command, options.nowMs)) return refusedAs(command, expiry());
  const doubt = doubtOf(command, options);
  if (doubt !== null) return refuse(doubt);
  if (options.waiting >= WAITING_MAX) return refuse(`${WAITING_MAX} commands wait already`);
  if (options.journal.isFull()) return refuse("too many answers wait for the broker");
  return { kind: "admitted", command };
}

/** Finds what a command names, and reads what that is told; or says why nobody could obey it. */
export function match(
  { name, payload }: Pick<Command, "name" | "payload">,
  commands: ReadonlyMap<string, DeviceCommand>,
):
  | { kind: "matched"; definition: DeviceCommand; payload: unknown }
  | { kind: "unmatched"; reason: string } {
  const definition = commands.get(name);
  if (definition === undefined) {
    const reason = `there is no command ${name}; describe tells which there are`;
    return { kind: "unmatched", reason };
  }
  const parsed = parsePayload(definition, payload);
  return parsed.kind === "sound"
    ? { kind: "matched", definition, payload: parsed.payload }
    : { kind: "unmatched", reason: parsed.reason };
}

export function isExpired({ expiresAtMs }: Pick<Command, "expiresAtMs">, nowMs: number): boolean {
  return expiresAtMs !== null && expiresAtMs <= nowMs;
}

export function expiry(): { status: "expired"; error: string } {
  return { status: "expired", error: "its expiresAt had passed before it began" };
}

export function duplicateOf(command: Command, first: CommandStatus): Refused {
  return refusedAs(command, { status: "duplicate", result: { first } });
}

/** Why an id may be that of a command which was obeyed and is forgotten; `null` when it cannot. */
function doubtOf(
  { id, issuedAtMs }: Command,
  { journal, nowMs }: Pick<AdmissionOptions, "journal" | "nowMs">,
): string | null {
  const horizonMs = journal.horizonMs();
  if (id === null || horizonMs === null) return null;
  if (issuedAtMs === null) {
    return "it has an id and no issuedAt, and older ids are forgotten: whether it was executed before cannot be told; give issuedAt";
  }
  if (issuedAtMs < horizonMs) {
    return `issuedAt: it was issued before ${new Date(horizonMs).toISOString()}, and ids of that time are forgotten: whether it was executed before cannot be told`;
  }
  if (issuedAtMs > nowMs + AHEAD_MS_MAX) {
    return "issuedAt lies more than a day ahead of this device's clock; set the clock that is wrong";
  }
  return null;
}

function refusedAs(
  { id, name }: Command,
  told: Pick<Refused, "status" | "error" | "result">,
): Refused {
  return { kind: "refused", id, name, ...told };
}

/** The largest result that an ack tells, in bytes of JSON. */
export const RESULT_BYTES_MAX = 16_384;

/**
 * What a command returned, as JSON can say it. What is too large or cannot be said is left out, and that
 * is told in its place: the command is done all the same.
 */
export function boundedResult(result: unknown): { result?: unknown } {
  try {
    const json = JSON.stringify(result);
    // A function, or nothing at all.
    if (json === undefined) return {};
    const bytes = Buffer.byteLength(json);
    return bytes > RESULT_BYTES_MAX
      ? omitted(`the result has ${bytes} bytes, more than ${RESULT_BYTES_MAX}`)
      : { result: JSON.parse(json) };
  } catch {
    // A cycle, a BigInt, or a `toJSON` of its own that fails.
    return omitted("the result cannot be written as JSON");
  }
}

function omitted(why: string): { result: { omitted: string } } {
  return { result: { omitted: why } };
}
