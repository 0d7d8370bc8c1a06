import type { AlertChange, AlertRecord } from "@weir/flows";
import type { Alert, AlertQuery, Alerts as AlertsAnswer } from "@weir/flows/contract";
import type { Database } from "better-sqlite3";

const TITLE_LENGTH_MAX = 500;

/** What a user does with an alert. */
export interface AlertDecision {
  id: number;
  state: "acknowledged" | "cleared";
  by: string;
}

/** The alerts: of one node and key at most one is open, which is new or acknowledged. */
export class Alerts {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(database: Database) {
    this.#statements = prepare(database);
  }

  search({ state, beforeId, limit }: AlertQuery): AlertsAnswer {
    const before = beforeId ?? Number.MAX_SAFE_INTEGER;
    const search = state === "open" ? this.#statements.searchOpen : this.#statements.search;
    return { alerts: search.all(before, limit) as Alert[], open: this.open() };
  }

  /** How many are new, by severity. */
  open(): AlertsAnswer["open"] {
    const counts = this.#statements.counts.all() as {
      severity: Alert["severity"];
      count: number;
    }[];
    const open = { info: 0, warning: 0, critical: 0 };
    for (const { severity, count } of counts) open[severity] = count;
    return open;
  }

  /** How many are open, by workflow. */
  openOfEach(): Map<string, number> {
    const counts = this.#statements.openOfEach.all() as { flow: string; count: number }[];
    return new Map(counts.map(({ flow, count }) => [flow, count]));
  }

  find(id: number): Alert | null {
    return (this.#statements.find.get(id) as Alert | undefined) ?? null;
  }

  /** Those that are open. */
  allOpen(): (AlertChange & { id: number })[] {
    return this.#statements.allOpen.all() as (AlertChange & { id: number })[];
  }

  /** What workflows say of alerts, as part of a commit. */
  take({ flow, node, key, severity, title, state, run, atMs }: AlertRecord): void {
    const { raise, acknowledgeOpen, clearOpen } = this.#statements;
    const place = { flow, node, key };
    switch (state) {
      case "new":
        raise.run({ ...place, severity, title: title.slice(0, TITLE_LENGTH_MAX), run, atMs });
        break;
      case "acknowledged":
        acknowledgeOpen.run({ ...place, atMs, by: `workflow ${flow}` });
        break;
      case "cleared":
        clearOpen.run({ ...place, atMs, by: `workflow ${flow}` });
        break;
    }
  }

  /** What a user says, as part of a commit. */
  decide({ id, state, by }: AlertDecision, nowMs: number): void {
    const { acknowledge, clear } = this.#statements;
    (state === "cleared" ? clear : acknowledge).run({ id, nowMs, by });
  }
}

const COLUMNS = `
id, flow, node, key, severity, title, state, raised_ms AS raisedMs, acknowledged_ms AS acknowledgedMs,
acknowledged_by AS acknowledgedBy, cleared_ms AS clearedMs, cleared_by AS clearedBy, run`;
const PLACE = "flow = @flow AND node = @node AND key = @key";

function prepare(database: Database) {
  return {
    search: database.prepare(
      `SELECT ${COLUMNS} FROM alerts WHERE id < ? ORDER BY id DESC LIMIT +?`,
    ),
    searchOpen: database.prepare(
      `SELECT ${COLUMNS} FROM alerts WHERE state <> 'cleared' AND id < ? ORDER BY id DESC LIMIT +?`,
    ),
    find: database.prepare(`SELECT ${COLUMNS} FROM alerts WHERE id = ?`),
    allOpen: database.prepare(`
      SELECT id, flow, node, key, severity, title, state FROM alerts WHERE state <> 'cleared' ORDER BY id`),
    counts: database.prepare(
      "SELECT severity, count(*) AS count FROM alerts WHERE state <> 'cleared' AND state = 'new' GROUP BY severity",
    ),
    openOfEach: database.prepare(
      "SELECT flow, count(*) AS count FROM alerts WHERE state <> 'cleared' GROUP BY flow",
    ),
    // What is raised once more while it is open is the same alert.
    raise: database.prepare(`
      INSERT INTO alerts (flow, node, key, severity, title, state, raised_ms, run)
      VALUES (@flow, @node, @key, @severity, @title, 'new', @atMs, @run)
      ON CONFLICT (flow, node, key) WHERE state <> 'cleared'
      DO UPDATE SET severity = excluded.severity, title = excluded.title`),
    acknowledgeOpen: database.prepare(`
      UPDATE alerts SET state = 'acknowledged', acknowledged_ms = @atMs, acknowledged_by = @by
      WHERE ${PLACE} AND state = 'new'`),
    clearOpen: database.prepare(`
      UPDATE alerts SET state = 'cleared', cleared_ms = @atMs, cleared_by = @by
      WHERE ${PLACE} AND state <> 'cleared'`),
    acknowledge: database.prepare(`
      UPDATE alerts SET state = 'acknowledged', acknowledged_ms = @nowMs, acknowledged_by = @by
      WHERE id = @id AND state = 'new'`),
    clear: database.prepare(`
      UPDATE alerts SET state = 'cleared', cleared_ms = @nowMs, cleared_by = @by
      WHERE id = @id AND state <> 'cleared'`),
  };
}
