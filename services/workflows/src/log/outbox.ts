import { type Effect, effectWords, type NewEffect, type Outcome } from "@weir/flows";
import type { Database } from "better-sqlite3";
import type { ActionEnd, ActionLog, WaitingAction } from "../actions/action-log.ts";

/** Actions that wait at most. Further ones fail. */
const WAITING_MAX = 100_000;
const PROBLEM_LENGTH_MAX = 500;

/** An action that a commit ends. */
export interface EndedAction {
  action: Pick<WaitingAction, "id" | "run" | "flow" | "node" | "data">;
  outcome: Outcome;
  end: ActionEnd;
}

type Row = Omit<WaitingAction, "effect" | "data" | "key"> & { effect: string; data: string };

/** The actions that have not ended. */
export class Outbox implements ActionLog {
  readonly #statements: ReturnType<typeof prepare>;
  readonly #storeId: string;
  readonly #begin: (ids: readonly number[]) => void;

  /** @param storeId of the file, unlike that of any other. */
  constructor(database: Database, storeId: string) {
    this.#statements = prepare(database);
    this.#storeId = storeId;
    this.#begin = database.transaction((ids: readonly number[]) => {
      for (const id of ids) this.#statements.begin.run(id);
    });
  }

  interrupted(): WaitingAction[] {
    return this.#actionsOf(this.#statements.interrupted.all() as Row[]);
  }

  due(kind: Effect["kind"], nowMs: number, limit: number): WaitingAction[] {
    return this.#actionsOf(this.#statements.due.all(kind, nowMs, limit) as Row[]);
  }

  nextDueMs(kind: Effect["kind"]): number | null {
    const { nextMs } = this.#statements.next.get(kind) as { nextMs: number | null };
    return nextMs;
  }

  /** How many wait. */
  size(): number {
    return (this.#statements.size.get() as { size: number }).size;
  }

  begin(ids: readonly number[]): void {
    this.#begin(ids);
  }

  handOver(id: number): void {
    this.#statements.handOver.run(id);
  }

  retry(id: number, problem: string, notBeforeMs: number): void {
    this.#statements.retry.run(problem.slice(0, PROBLEM_LENGTH_MAX), notBeforeMs, id);
  }

  /** Adds what a commit brings. @returns those for which there is no room. */
  add(effects: readonly NewEffect[]): EndedAction[] {
    const refused: EndedAction[] = [];
    let room = effects.length === 0 ? 0 : WAITING_MAX - this.size();
    for (const { effect, data, ...rest } of effects) {
      room -= 1;
      const { lastInsertRowid } = this.#statements.add.run({
        ...rest,
        kind: effect.kind,
        what: effectWords(effect),
        effect: JSON.stringify(effect),
        data: JSON.stringify(data),
        state: room < 0 ? "doing" : "waiting",
      });
      if (room >= 0) continue;
      const problem = `more than ${WAITING_MAX} actions wait`;
      refused.push({
        action: { ...rest, id: Number(lastInsertRowid), data },
        end: "failed",
        outcome: { isDone: false, problem, isUncertain: false },
      });
    }
    return refused;
  }

  /** Ends an action, as part of a commit. @returns whether it had not ended before. */
  end({ action, end, outcome }: EndedAction, nowMs: number): boolean {
    const problem = outcome.isDone ? null : outcome.problem.slice(0, PROBLEM_LENGTH_MAX);
    return this.#statements.end.run({ id: action.id, end, problem, nowMs }).changes === 1;
  }

  #actionsOf(rows: readonly Row[]): WaitingAction[] {
    return rows.map((row) => ({
      ...row,
      key: `${this.#storeId}-${row.id}`,
      effect: JSON.parse(row.effect),
      data: JSON.parse(row.data),
    }));
  }
}

const COLUMNS = `
id, run, flow, node, at_ms AS atMs, late_ms AS lateMs, attempts, state, effect, data`;

function prepare(database: Database) {
  return {
    interrupted: database.prepare(
      `SELECT ${COLUMNS} FROM actions WHERE ended_ms IS NULL AND state <> 'waiting' ORDER BY id`,
    ),
    due: database.prepare(`
      SELECT ${COLUMNS} FROM actions
      WHERE ended_ms IS NULL AND state = 'waiting' AND kind = +? AND not_before_ms <= ?
      ORDER BY not_before_ms, id LIMIT +?`),
    next: database.prepare(
      "SELECT min(not_before_ms) AS nextMs FROM actions WHERE ended_ms IS NULL AND state = 'waiting' AND kind = +?",
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
      VALUES (@run, @flow, @node, @atMs, @lateMs, @kind, @what, @effect, @data, @state, 0, @atMs)`),
    end: database.prepare(`
      UPDATE actions SET state = @end, problem = @problem, ended_ms = @nowMs, effect = NULL, data = NULL
      WHERE id = @id AND ended_ms IS NULL`),
  };
}
