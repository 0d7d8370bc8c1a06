import type { Data, Effect, Outcome } from "@weir/flows";
import { errorCode } from "@weir/runtime";

/** An action of the outbox that has not ended. */
export interface WaitingAction {
  id: number;
  run: number;
  flow: string;
  node: string;
  /** The same for each attempt, and never that of another action, also of another database. */
  key: string;
  /** When the workflow wanted it, in milliseconds since the epoch. */
  atMs: number;
  /** How long after `atMs` it may still begin. */
  lateMs: number;
  /** How often it was begun. */
  attempts: number;
  /** `handed over`: begun, and what was sent cannot be taken back. */
  state: "waiting" | "doing" | "handed over";
  effect: Effect;
  data: Data;
}

/** How an action ends. `expired`: it was not done, because it was too late. */
export type ActionEnd = "done" | "failed" | "uncertain" | "expired";

/** The actions of the outbox. Each change is committed before the method returns; what throws has changed nothing. */
export interface ActionLog {
  /** Those that an earlier process has begun and not ended. */
  interrupted(): WaitingAction[];
  /** Those that wait and whose turn has come, oldest first. */
  due(kind: Effect["kind"], nowMs: number, limit: number): WaitingAction[];
  /** When the turn of the next one comes that waits; `null` for none. */
  nextDueMs(kind: Effect["kind"]): number | null;
  /** One more attempt of each; state `doing`. */
  begin(ids: readonly number[]): void;
  /** From here on it is uncertain whether it was done, unless its end is recorded. */
  handOver(id: number): void;
  /** It waits again. */
  retry(id: number, problem: string, notBeforeMs: number): void;
}

/** Records how an action has ended, and lets its workflow go on. */
export type OnEnd = (action: WaitingAction, outcome: Outcome, end: ActionEnd) => void;

const PASSING = /^SQLITE_(FULL|BUSY|LOCKED|IOERR|READONLY|CANTOPEN)/;

/** Whether the log refuses for now, because of a full disk or another program. */
export function isPassing(error: unknown): boolean {
  return PASSING.test(errorCode(error) ?? "");
}
