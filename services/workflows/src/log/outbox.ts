import { type Effect, effectWords, type NewEffect, type Outcome } from "@weir/flows";
import type { Database } from "better-sqlite3";

/** Actions that wait at most. Further ones fail. */
const WAITING_MAX = 100_000;
const PROBLEM_LENGTH_MAX = 500;

/** An action that is still to be done. Times in milliseconds since the epoch. */
export interface WaitingAction {
  id: number;
  run: number;
  flow: string;
  node: string;
  /** The same at every attempt, and unique over all files of workflows. */
  key: string;
  /** When it was wanted. */
  atMs: number;
  /** How long after that it may still be done. */
  lateMs: number;
  /** How often it was begun. */
  attempts: number;
  /** `handed over`: from here on nobody but the receiver knows whether it was done. */
  state: "waiting" | "doing" | "handed over";
  effect: Effect;
  /** What the run goes on with. */
  data: NewEffect["data"];
}

/** What became of an action. */
export interface EndedAction {
  action: Pick<WaitingAction, "id" | "run" | "flow" | "node" | "data">;
  /** `expired`: its time had passed, and it was not done. */
  state: "done" | "failed" | "uncertain" | "expired";
  outcome: Outcome;
}

type Row = Omit<WaitingAction, "effect" | "data" | "key"> & { effect: string; data: string };

/** The actions that wait, in the order in which they were wanted. Each change is committed at once. */
export class Outbox {
  readonly #statements: ReturnType<typeof prepare>;
  readonly #storeId: string;
  /** What became of them is known, and not committed yet. */
  readonly #ending = new Set<number>();

  /** @param storeId of the file, unlike that of any other. */
  constructor(database: Database, storeId: string) {
    this.#statements = prepare(database);
    this.#storeId = storeId;
  }

  /** Actions whose turn has come, oldest first, with those that are being done: an earlier process may have begun them. */
  due(nowMs: number, limit: number): WaitingAction[] {
    const rows = this.#statements.due.all(nowMs, limit + this.#ending.size) as Row[];
    const open = rows.filter(({ id }) => !this.#ending.has(id)).slice(0, limit);
    return open.map((row) => ({
      ...row,
      key: `${this.#storeId}-${row.id}`,
      effect: JSON.parse(row.effect),
      data: JSON.parse(row.data),
    }));
  }

  /** When the next one is due; `null` where none waits. */
  nextDueMs(): number | null {
    const { nextMs } = this.#statements.next.get() as { nextMs: number | null };
    return nextMs;
  }

  /** How many wait. */
  size(): number {
    return (this.#statements.size.get() as { size: number }).size;
  }

  /** Another attempt begins. @throws what SQLite throws: then it must not begin. */
  begin(id: number): void {
    this.#statements.begin.run(id);
  }

  /** From here on a kill leaves it uncertain. @throws what SQLite throws: then it must not go on. */
  handOver(id: number): void {
    this.#statements.handOver.run(id);
  }

  /** It is tried again later. @throws what SQLite throws: then it is tried again after a start only. */
  retry(id: number, problem: string, notBeforeMs: number): void {
    this.#statements.retry.run(problem.slice(0, PROBLEM_LENGTH_MAX), notBeforeMs, id);
  }

  /** From now on it is not due: the next commit ends it. */
  endSoon(id: number): void {
    this.#ending.add(id);
  }

  /** Adds what a commit brings. @returns those for which there is no room. */
  add(effects: readonly NewEffect[]): EndedAction[] {
    const refused: EndedAction[] = [];
    let room = effects.length === 0 ? 0 : WAITING_MAX - this.size();
    for (const { effect, data, ...rest } of effects) {
      const { lastInsertRowid } = this.#statements.add.run({
        ...rest,
        kind: effect.kind,
        what: effectWords(effect),
        effect: JSON.stringify(effect),
        data: JSON.stringify(data),
      });
      room -= 1;
      if (room >= 0) continue;
      const problem = `more than ${WAITING_MAX} actions wait`;
      refused.push({
        action: { ...rest, id: Number(lastInsertRowid), data },
        state: "failed",
        outcome: { isDone: false, problem, isUncertain: false },
      });
    }
    return refused;
  }

  /** Ends an action, as part of a commit; `forgetEnding` follows it. @returns whether it had not ended before. */
  end({ action, state, outcome }: EndedAction, nowMs: number): boolean {
    const problem = outcome.isDone ? null : outcome.problem.slice(0, PROBLEM_LENGTH_MAX);
    return this.#statements.end.run({ id: action.id, state, problem, nowMs }).changes === 1;
  }

  /** A commit has ended these. */
  forgetEnding(ended: readonly EndedAction[]): void {
    for (const { action } of ended) this.#ending.delete(action.id);
  }
}

/** What whoever does the actions needs of the outbox. */
export type ActionLog = Pick<Outbox, "due" | "nextDueMs" | "begin" | "handOver" | "retry">;

function prepare(database: Database) {
  return {
    due: database.prepare(`
      SELECT id, run, flow, node, at_ms AS atMs, late_ms AS lateMs, attempts, state, effect, data
      FROM actions WHERE ended_ms IS NULL AND not_before_ms <= ? ORDER BY not_before_ms, id LIMIT ?`),
    next: database.prepare(
      "SELECT min(not_before_ms) AS nextMs FROM actions WHERE ended_ms IS NULL",
    ),
    size: database.prepare("SELECT count(*) AS size FROM actions WHERE ended_ms IS NULL"),
    begin: database.prepare(
      "UPDATE actions SET state = 'doing', attempts = attempts + 1 WHERE id = ? AND ended_ms IS NULL",
    ),
    handOver: database.prepare(
      "UPDATE actions SET state = 'handed over' WHERE id = ? AND ended_ms IS NULL",
    ),
    retry: database.prepare(
      "UPDATE actions SET state = 'waiting', problem = ?, not_before_ms = ? WHERE id = ? AND ended_ms IS NULL",
    ),
    add: database.prepare(`
      INSERT INTO actions (run, flow, node, at_ms, late_ms, kind, what, effect, data, state, attempts, not_before_ms)
      VALUES (@run, @flow, @node, @atMs, @lateMs, @kind, @what, @effect, @data, 'waiting', 0, @atMs)`),
    end: database.prepare(`
      UPDATE actions SET state = @state, problem = @problem, ended_ms = @nowMs, effect = NULL, data = NULL
      WHERE id = @id AND ended_ms IS NULL`),
  };
}
