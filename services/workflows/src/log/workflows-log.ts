import { randomUUID } from "node:crypto";
import type { Changes } from "@weir/flows";
import type { RowPosition } from "@weir/store";
import type { Database } from "better-sqlite3";
import { type AlertDecision, Alerts } from "./alerts.ts";
import { type LogFile, openWorkflowsFile } from "./database.ts";
import { KeptState, type RunningSet } from "./kept.ts";
import { type EndedAction, Outbox } from "./outbox.ts";
import { Retention } from "./retention.ts";
import { Runs } from "./runs.ts";

const DAY_MS = 86_400_000;

/** Everything that becomes durable together. */
export interface Commit {
  changes: Changes;
  /** Up to where the streams were taken that have moved; `null` for one that is no longer followed. */
  positions: ReadonlyMap<string, RowPosition | null>;
  ended: readonly EndedAction[];
  decisions: readonly AlertDecision[];
  /** Workflows that were stopped and run again. */
  resumed: readonly string[];
  /** The workflows, where they have changed. */
  running: RunningSet | null;
  /** The engine's time, in milliseconds since the epoch, and the id of the run that begins next. */
  engineMs: number;
  nextRun: number;
  /** The wall clock. */
  nowMs: number;
}

/** The file of runs, alerts, actions and states. One process has it open. */
export class WorkflowsLog implements Disposable {
  readonly kept: KeptState;
  readonly runs: Runs;
  readonly alerts: Alerts;
  readonly outbox: Outbox;
  readonly #file: LogFile;
  readonly #database: Database;
  readonly #retention: Retention;
  readonly #write: (commit: Commit) => EndedAction[];

  /** @throws Fault for a file that cannot be used. */
  constructor(file: string) {
    this.#file = openWorkflowsFile(file);
    const { database } = this.#file;
    this.#database = database;
    this.kept = new KeptState(database);
    this.runs = new Runs(database);
    this.alerts = new Alerts(database);
    this.outbox = new Outbox(database, storeIdOf(database));
    this.#retention = new Retention(database);
    const write = database.transaction((commit: Commit) => this.#writeAll(commit));
    this.#write = (commit) => write.immediate(commit);
  }

  /**
   * Makes all of it durable, or nothing.
   *
   * @returns actions that were refused at once: they end with the next commit.
   * @throws what SQLite throws: the disk is full, another program has locked the file.
   */
  commit(commit: Commit): EndedAction[] {
    const { kept, runs } = this;
    const { changes, running } = commit;
    // Before the commit: what fails here is tried again with it.
    if (kept.states.isLong || running !== null) kept.states.settle();
    const refused = this.#write(commit);
    // What is undone must not be remembered.
    kept.kept(running);
    runs.kept(changes.runs);
    this.#retention.kept(changes);
    return refused;
  }

  /** What is done now and then. @throws what SQLite throws. */
  tidy(nowMs: number): void {
    this.runs.keepQuiet();
    this.#retention.removeOld(nowMs);
  }

  /** Actions of the last 24 hours that were done, by workflow. */
  actionsOfDay(nowMs: number): Map<string, number> {
    const rows = this.#database
      .prepare(
        "SELECT flow, count(*) AS count FROM actions WHERE state = 'done' AND ended_ms > ? AND kind <> 'history' GROUP BY flow",
      )
      .all(nowMs - DAY_MS) as { flow: string; count: number }[];
    return new Map(rows.map(({ flow, count }) => [flow, count]));
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  #writeAll(commit: Commit): EndedAction[] {
    const { changes, positions, ended, decisions, resumed, running, nowMs } = commit;
    const { kept, runs, alerts, outbox } = this;
    if (running !== null) kept.run(running);
    for (const flow of resumed) kept.resume(flow);
    kept.change(changes, running);
    for (const [stream, position] of positions) kept.move(stream, position);
    kept.note("engine time", commit.engineMs);
    kept.note("next run", commit.nextRun);
    for (const one of ended) {
      if (outbox.end(one, nowMs)) runs.end(one.action.run, one.end !== "done");
    }
    runs.add(changes.runs, changes.effects);
    for (const change of changes.alerts) alerts.take(change);
    for (const decision of decisions) alerts.decide(decision, nowMs);
    this.#retention.removeSurplus();
    return outbox.add(changes.effects);
  }
}

/** What makes ids of this file different from those of any other. */
function storeIdOf(database: Database): string {
  const row = database.prepare("SELECT value FROM about WHERE name = 'id'").get() as
    | { value: string }
    | undefined;
  if (row !== undefined) return row.value;
  const id = randomUUID();
  database.prepare("INSERT INTO about VALUES ('id', ?)").run(id);
  return id;
}
