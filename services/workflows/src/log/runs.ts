import type { NewEffect, RunPart, TraceStep } from "@weir/flows";
import type { Run, RunAction, RunQuery, RunSummary } from "@weir/flows/contract";
import type { Database } from "better-sqlite3";
import { boundedJson } from "./bounded-json.ts";

/** Characters of what a run began with, and of the values of one step, as JSON. */
const DATA_LENGTH_MAX = 64_000;
const VALUES_LENGTH_MAX = 16_000;
/** Steps of a run that are kept. */
const STEPS_MAX = 1_000;
/** Characters of a device or series. */
const ABOUT_LENGTH_MAX = 1_000;

/** A row of the table. */
interface RunRow extends Omit<RunSummary, "state"> {
  hasFailed: number;
  waiting: number;
  json: string;
}

/** The runs, and what each has gone through. Of those that did nothing only the newest of each workflow is kept. */
export class Runs {
  readonly #database: Database;
  readonly #statements: ReturnType<typeof prepare>;
  /** The newest ones that did nothing: they are written when somebody reads, and now and then. */
  readonly #quiet = new Map<string, RunPart>();

  constructor(database: Database) {
    this.#database = database;
    this.#statements = prepare(database);
  }

  /**
   * Adds what runs have gone through, as part of a commit; once it is durable, `kept` has to be called.
   *
   * @param effects of these runs.
   */
  add(parts: readonly RunPart[], effects: readonly NewEffect[]): void {
    const { begin, keepPart, note } = this.#statements;
    const actions = new Map<number, { waiting: number; actions: number }>();
    for (const { run, effect } of effects) {
      const counts = actions.get(run) ?? { waiting: 0, actions: 0 };
      counts.waiting += 1;
      // Reading the history does nothing outside.
      if (effect.kind !== "history") counts.actions += 1;
      actions.set(run, counts);
    }
    for (const part of parts) {
      const { id, flow, trigger, steps, startedMs, data } = part;
      if (doesNothing(part)) continue;
      const quiet = this.#quiet.get(flow);
      if (quiet?.id === id) this.#keep(quiet);
      begin.run({
        id,
        flow,
        trigger: trigger ?? steps[0]?.node ?? "",
        about: aboutOf(data),
        startedMs,
        json: boundedJson(data ?? {}, DATA_LENGTH_MAX),
        isQuiet: 0,
      });
      const hasFailed = Number(steps.some(({ problem }) => problem !== null));
      const { waiting = 0, actions: count = 0 } = actions.get(id) ?? {};
      const before = note.get({ id, hasFailed, waiting, actions: count, steps: steps.length });
      // The row is there: it was just made.
      const { steps: known } = before as { steps: number };
      const room = Math.max(0, STEPS_MAX - (known - steps.length));
      if (room > 0 && steps.length > 0) keepPart.run(id, jsonOf(steps.slice(0, room)));
    }
  }

  /** What was added is durable. */
  kept(parts: readonly RunPart[]): void {
    for (const part of parts) {
      if (doesNothing(part)) this.#quiet.set(part.flow, part);
      else if (this.#quiet.get(part.flow)?.id === part.id) this.#quiet.delete(part.flow);
    }
  }

  /** One action of a run has ended, as part of a commit. */
  end(run: number, hasFailed: boolean): void {
    this.#statements.end.run(Number(hasFailed), run);
  }

  /** Writes the newest runs that did nothing. @throws what SQLite throws. */
  keepQuiet(): void {
    if (this.#quiet.size === 0) return;
    this.#database.transaction(() => {
      for (const part of this.#quiet.values()) this.#keep(part);
    })();
    this.#quiet.clear();
  }

  /** The newest first. */
  search({ flow, about, state, beforeId, limit }: RunQuery): RunSummary[] {
    this.keepQuiet();
    const rows = this.#statements.search.all({
      flow: flow ?? null,
      about: about === undefined ? null : `%${about.replaceAll(/[\\%_]/g, "\\$&")}%`,
      state: state ?? null,
      beforeId: beforeId ?? Number.MAX_SAFE_INTEGER,
      limit,
    }) as RunRow[];
    return rows.map(summaryOf);
  }

  /** The newest run of each workflow. */
  lastOfEach(): Map<string, RunSummary> {
    this.keepQuiet();
    const rows = this.#statements.lastOfEach.all() as RunRow[];
    return new Map(rows.map((row) => [row.flow, summaryOf(row)]));
  }

  find(id: number): Run | null {
    this.keepQuiet();
    const row = this.#statements.find.get(id) as RunRow | undefined;
    if (row === undefined) return null;
    const parts = this.#statements.parts.all(id) as { json: string }[];
    return {
      ...summaryOf(row),
      data: JSON.parse(row.json),
      steps: parts.flatMap(({ json }) => JSON.parse(json)),
      performed: this.#statements.performed.all(id) as RunAction[],
    };
  }

  #keep({ id, flow, trigger, startedMs, data, steps }: RunPart): void {
    const { begin, keepPart, note, forgetQuiet } = this.#statements;
    forgetQuiet.run(flow);
    const json = boundedJson(data ?? {}, DATA_LENGTH_MAX);
    begin.run({
      id,
      flow,
      trigger: trigger ?? "",
      about: aboutOf(data),
      startedMs,
      json,
      isQuiet: 1,
    });
    note.get({ id, hasFailed: 0, waiting: 0, actions: 0, steps: steps.length });
    if (steps.length > 0) keepPart.run(id, jsonOf(steps));
  }
}

/** Whether a run has begun, and done nothing so far. */
const doesNothing = ({ isQuiet, trigger }: RunPart): boolean => isQuiet && trigger !== null;

function summaryOf({ hasFailed, waiting, ...row }: RunRow): RunSummary {
  const { id, flow, trigger, startedMs, about, actions } = row;
  const ended = hasFailed === 1 ? "failed" : "done";
  const state = waiting > 0 ? "waiting" : ended;
  return { id, flow, trigger, startedMs, about, state, actions };
}

/** The series or the device, so that either finds it. */
function aboutOf(data: RunPart["data"]): string {
  for (const name of ["series", "device", "key"]) {
    const value = data?.[name];
    if (typeof value === "string") return value.slice(0, ABOUT_LENGTH_MAX);
  }
  return "";
}

function jsonOf(steps: readonly TraceStep[]): string {
  const kept = steps.map(({ values, ...step }) => {
    const json = values === null ? "null" : boundedJson(values, VALUES_LENGTH_MAX);
    return `${JSON.stringify(step).slice(0, -1)},"values":${json}}`;
  });
  return `[${kept.join(",")}]`;
}

const COLUMNS = `
id, flow, trigger, started_ms AS startedMs, about, actions, waiting, has_failed AS hasFailed, json`;

function prepare(database: Database) {
  return {
    begin: database.prepare(`
      INSERT INTO runs (id, flow, trigger, about, started_ms, json, has_failed, actions, waiting, steps, is_quiet)
      VALUES (@id, @flow, @trigger, @about, @startedMs, @json, 0, 0, 0, 0, @isQuiet)
      ON CONFLICT DO UPDATE SET is_quiet = 0`),
    note: database.prepare(`
      UPDATE runs SET has_failed = max(has_failed, @hasFailed), actions = actions + @actions,
                      waiting = waiting + @waiting, steps = steps + @steps
      WHERE id = @id RETURNING steps`),
    keepPart: database.prepare("INSERT INTO parts (run, json) VALUES (?, ?)"),
    forgetQuiet: database.prepare("DELETE FROM runs WHERE flow = ? AND is_quiet = 1"),
    end: database.prepare(
      "UPDATE runs SET waiting = max(0, waiting - 1), has_failed = max(has_failed, ?) WHERE id = ?",
    ),
    search: database.prepare(`
      SELECT ${COLUMNS} FROM runs
      WHERE id < @beforeId AND (@flow IS NULL OR flow = @flow)
        AND (@about IS NULL OR about LIKE @about ESCAPE '\\')
        AND (@state IS NULL OR @state = CASE WHEN waiting > 0 THEN 'waiting' WHEN has_failed THEN 'failed' ELSE 'done' END)
      ORDER BY id DESC LIMIT +@limit`),
    lastOfEach: database.prepare(`
      SELECT ${COLUMNS} FROM runs WHERE id IN (SELECT max(id) FROM runs GROUP BY flow)`),
    find: database.prepare(`SELECT ${COLUMNS} FROM runs WHERE id = ?`),
    parts: database.prepare("SELECT json FROM parts WHERE run = ? ORDER BY id"),
    performed: database.prepare(`
      SELECT id, node, kind, what, CASE state WHEN 'handed over' THEN 'doing' ELSE state END AS state,
             problem, attempts, at_ms AS atMs, ended_ms AS endedMs
      FROM actions WHERE run = ? ORDER BY id`),
  };
}
