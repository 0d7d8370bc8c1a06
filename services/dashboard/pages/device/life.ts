import type { CommandLife } from "../../src/contract/devices.ts";

/** How far a command is, in words. */
export interface Progress {
  words: string;
  tone: "going" | "ok" | "problem";
  /** How long it took, in milliseconds; `null` while it goes on, or where nothing came back. */
  tookMs: number | null;
}

const ENDINGS: Record<NonNullable<CommandLife["outcome"]>, string> = {
  done: "done",
  failed: "failed",
  expired: "expired before the device took it",
  duplicate: "executed before",
  rejected: "rejected",
  unknown: "not known whether it was executed: the device stopped meanwhile",
  "no answer": "no answer",
};

/** What became of a command so far. */
export function progressOf({ acks, outcome, sentMs }: CommandLife): Progress {
  const newest = acks.at(-1);
  if (outcome === null) return { words: newest?.status ?? "sent", tone: "going", tookMs: null };
  const error = newest?.error;
  return {
    words: error === undefined ? ENDINGS[outcome] : `${ENDINGS[outcome]}: ${error}`,
    tone: outcome === "done" || outcome === "duplicate" ? "ok" : "problem",
    tookMs: newest === undefined ? null : Math.max(0, newest.receivedMs - sentMs),
  };
}

/** Puts a command's newest state into a list, the newest command first. */
export function withLife(lives: readonly CommandLife[], life: CommandLife): CommandLife[] {
  const isKnown = lives.some(({ id }) => id === life.id);
  const next = isKnown ? lives.map((one) => (one.id === life.id ? life : one)) : [life, ...lives];
  return next.toSorted((one, other) => other.sentMs - one.sentMs).slice(0, LIVES_MAX);
}

const LIVES_MAX = 50;
