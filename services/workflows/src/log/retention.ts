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
  /** Runs that were added since a workflow was last looked at. */
  readonly #added = new Map<string, number>();
  #alerts = 0;

  constructor(database: Database) {
    this.#statements = prepare(database);
    for (const { flow } of this.#statements.crowded.all(RUNS_OF_FLOW_MAX) as { flow: string }[]) {
      this.#added.set(flow, SURPLUS_MAX);
    }
  }

  /** Runs of a workflow were added, as part of a commit. */
  added(flow: string): void {
    this.#added.set(flow, (this.#added.get(flow) ?? 0) + 1);
  }

  /** Alerts have changed, as part of a commit. */
  alertsChanged(count: number): void {
    this.#alerts += count;
  }

  /** Removes what is too many, as part of a commit. */
  removeSurplus(): void {
    for (const [flow, added] of this.#added) {
      if (added < SURPLUS_MAX) continue;
      this.#statements.removeSurplus.run(flow, RUNS_OF_FLOW_MAX);
      this.#added.delete(flow);
    }
    if (this.#alerts < SURPLUS_MAX) return;
    this.#alerts = 0;
    this.#statements.removeAlerts.run(CLEARED_ALERTS_MAX);
  }

  /** Removes runs that are old. */
  removeOld(nowMs: number): void {
    this.#statements.removeOldRuns.run(ROWS_PER_LOOK, nowMs - RUN_AGE_MS_MAX);
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
        SELECT id FROM (SELECT id, started_ms, waiting FROM runs ORDER BY id LIMIT ?)
        WHERE started_ms < ? AND waiting = 0)`),
    removeAlerts: database.prepare(`
      DELETE FROM alerts WHERE state = 'cleared' AND id <= (
        SELECT id FROM alerts WHERE state = 'cleared' ORDER BY id DESC LIMIT 1 OFFSET ?)`),
  };
}
