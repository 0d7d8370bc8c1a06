import type { Changes } from "@weir/flows";
import type { Database } from "better-sqlite3";

/** Runs of a workflow that are kept at least, as long as they are not too old. */
const RUNS_OF_FLOW_MAX = 500;
/** So many more may be there before they are removed. */
const SURPLUS_MAX = 100;
const RUN_AGE_MS_MAX = 30 * 86_400_000;
/** Alerts that are over. */
const CLEARED_ALERTS_MAX = 10_000;
/** What one look removes at most. */
const ROWS_PER_LOOK = 500;

/** Removes runs and alerts that are old, or too many. Runs whose actions wait stay. */
export class Retention {
  readonly #statements: ReturnType<typeof prepare>;
  /** Runs that were added, and alerts that have changed, since it was last looked for a surplus. */
  readonly #added = new Map<string, number>();
  #alerts = 0;

  constructor(database: Database) {
    this.#statements = prepare(database);
    for (const { flow } of this.#statements.crowded.all(RUNS_OF_FLOW_MAX) as { flow: string }[]) {
      this.#added.set(flow, SURPLUS_MAX);
    }
  }

  /** Removes what is too many, as part of a commit; once it is durable, `kept` has to be called. */
  removeSurplus(): void {
    const { removeSurplus, removeAlerts } = this.#statements;
    for (const flow of this.#crowded()) removeSurplus.run(flow, RUNS_OF_FLOW_MAX);
    if (this.#alerts >= SURPLUS_MAX) removeAlerts.run(CLEARED_ALERTS_MAX);
  }

  /** A commit is durable: what it has added counts for the next ones. */
  kept({ runs, alerts }: Pick<Changes, "runs" | "alerts">): void {
    for (const flow of this.#crowded()) this.#added.delete(flow);
    if (this.#alerts >= SURPLUS_MAX) this.#alerts = 0;
    for (const { flow, isQuiet } of runs) {
      if (!isQuiet) this.#added.set(flow, (this.#added.get(flow) ?? 0) + 1);
    }
    this.#alerts += alerts.length;
  }

  /** Removes runs that are old. */
  removeOld(nowMs: number): void {
    this.#statements.removeOldRuns.run(nowMs - RUN_AGE_MS_MAX);
  }

  *#crowded(): Generator<string> {
    for (const [flow, added] of this.#added) if (added >= SURPLUS_MAX) yield flow;
  }
}

function prepare(database: Database) {
  return {
    crowded: database.prepare("SELECT flow FROM runs GROUP BY flow HAVING count(*) > ?"),
    removeSurplus: database.prepare(`
      DELETE FROM runs WHERE waiting = 0 AND id IN (
        SELECT id FROM runs WHERE flow = ? ORDER BY id DESC LIMIT -1 OFFSET ?)`),
    removeOldRuns: database.prepare(`
      DELETE FROM runs WHERE id IN (
        SELECT id FROM (SELECT id, started_ms, waiting FROM runs ORDER BY id LIMIT ${ROWS_PER_LOOK})
        WHERE started_ms < ? AND waiting = 0)`),
    removeAlerts: database.prepare(`
      DELETE FROM alerts WHERE state = 'cleared' AND id <= (
        SELECT id FROM alerts WHERE state = 'cleared' ORDER BY id DESC LIMIT 1 OFFSET ?)`),
  };
}
