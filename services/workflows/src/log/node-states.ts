import type { StateChange } from "@weir/flows";
import type { Database } from "better-sqlite3";

/** Changes that are appended before they get into the table. */
const APPENDED_MAX = 10_000;

/** One node's state of one key, as it is read at start. */
export interface KeptNodeState {
  key: string;
  json: string;
  wakeMs: number | null;
}

/**
 * What nodes keep by key. A commit appends all that has changed as one row; of what a key has had since, only the newest
 * gets into the table, once there is enough: most states change with each message.
 */
export class NodeStates {
  readonly #statements: ReturnType<typeof prepare>;
  readonly #settle: () => void;
  /** The newest change of each key that is durable and not in the table, as JSON. */
  readonly #newest = new Map<string, string>();
  /** What the commit appends that is being written. */
  #appending: ReadonlyMap<string, string> = new Map();
  #appended = 0;

  constructor(database: Database) {
    this.#statements = prepare(database);
    this.#settle = database.transaction(() => this.#intoTable());
    for (const { json } of this.#statements.appended.all() as { json: string }[]) {
      for (const change of JSON.parse(json) as unknown[][]) {
        this.#newest.set(idOf(change), JSON.stringify(change));
      }
    }
    this.settle();
  }

  of(flow: string, node: string): KeptNodeState[] {
    return this.#statements.of.all(flow, node) as KeptNodeState[];
  }

  /** As part of a commit; once it is durable, `kept` has to be called. */
  append(states: readonly StateChange[]): void {
    const appending = new Map<string, string>();
    for (const { flow, node, key, cell } of states) {
      const change = cell === null ? [flow, node, key] : [flow, node, key, cell.wakeMs, cell.state];
      appending.set(idOf(change), JSON.stringify(change));
    }
    this.#appending = appending;
    if (appending.size > 0) this.#statements.append.run(`[${[...appending.values()].join(",")}]`);
  }

  /** What was appended is durable. */
  kept(): void {
    for (const [id, change] of this.#appending) this.#newest.set(id, change);
    this.#appended += this.#appending.size;
    this.#appending = new Map();
  }

  /** As part of a commit before which `settle` was called: what a node has kept no longer holds. */
  forgetAll(flow: string, node: string): void {
    this.#statements.forgetAll.run(flow, node);
  }

  get isLong(): boolean {
    return this.#appended >= APPENDED_MAX;
  }

  /** Brings what was appended into the table, in a transaction of its own. @throws what SQLite throws. */
  settle(): void {
    if (this.#newest.size > 0) this.#settle();
    this.#newest.clear();
    this.#appended = 0;
  }

  #intoTable(): void {
    const { keep, forget, clear } = this.#statements;
    for (const json of this.#newest.values()) {
      const [flow, node, key, ...cell] = JSON.parse(json);
      const [wakeMs, state] = cell;
      if (cell.length === 0) forget.run(flow, node, key);
      else keep.run(flow, node, key, JSON.stringify(state), wakeMs);
    }
    clear.run();
  }
}

const idOf = ([flow, node, key]: readonly unknown[]): string => `${flow}.${node} ${key}`;

function prepare(database: Database) {
  return {
    of: database.prepare(
      "SELECT key, json, wake_ms AS wakeMs FROM states WHERE flow = ? AND node = ?",
    ),
    keep: database.prepare("REPLACE INTO states VALUES (?, ?, ?, ?, ?)"),
    forget: database.prepare("DELETE FROM states WHERE flow = ? AND node = ? AND key = ?"),
    forgetAll: database.prepare("DELETE FROM states WHERE flow = ? AND node = ?"),
    append: database.prepare("INSERT INTO state_changes (json) VALUES (?)"),
    appended: database.prepare("SELECT json FROM state_changes ORDER BY id"),
    clear: database.prepare("DELETE FROM state_changes"),
  };
}
