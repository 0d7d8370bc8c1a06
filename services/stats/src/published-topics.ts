import { existsSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { errorCode } from "@weir/runtime";
import type { Database } from "better-sqlite3";
import Sqlite from "better-sqlite3";

/** Where it is remembered what is published. @param storeFile as DB_FILE names it. */
export function publishedFileOf(storeFile: string): string {
  return join(dirname(storeFile), "published.db");
}

/**
 * The topics that the broker may keep a retained message of, also from earlier runs: a topic is remembered on disk
 * before anything is published on it, and forgotten when the broker has removed it.
 */
export class PublishedTopics implements Disposable {
  readonly #database: Database;
  readonly #topics: Set<string>;
  readonly #write: (statement: "add" | "remove", topics: readonly string[]) => void;

  /** A damaged file is made again: then what is no longer published stays at the broker. */
  constructor(file: string) {
    this.#database = openOrReplace(file);
    const { select, add, remove } = {
      select: this.#database.prepare<[], string>("SELECT topic FROM published").pluck(),
      add: this.#database.prepare<[string]>("INSERT OR IGNORE INTO published (topic) VALUES (?)"),
      remove: this.#database.prepare<[string]>("DELETE FROM published WHERE topic = ?"),
    };
    this.#topics = new Set(select.all());
    this.#write = this.#database.transaction((statement, topics) => {
      for (const topic of topics) (statement === "add" ? add : remove).run(topic);
    });
  }

  all(): Iterable<string> {
    return this.#topics;
  }

  /** @throws Error when it cannot be written; then the topics are new the next time, too. */
  add(topics: readonly string[]): void {
    const found = topics.filter((topic) => !this.#topics.has(topic));
    if (found.length === 0) return;
    this.#write("add", found);
    for (const topic of found) this.#topics.add(topic);
  }

  /** @throws Error when it cannot be written: then it is taken back again after the next start. */
  remove(topic: string): void {
    // The broker may answer after the end: then it is taken back again, which changes nothing.
    if (!this.#database.open) return;
    this.#topics.delete(topic);
    this.#write("remove", [topic]);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

function openOrReplace(file: string): Database {
  try {
    return open(file);
  } catch (error) {
    if (!/^SQLITE_(CORRUPT|NOTADB)/.test(errorCode(error) ?? "")) throw error;
    for (const journal of ["-wal", "-shm", ""]) {
      if (existsSync(file + journal)) rmSync(file + journal);
    }
    return open(file);
  }
}

function open(file: string): Database {
  const database = new Sqlite(file);
  try {
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = NORMAL");
    database.exec("CREATE TABLE IF NOT EXISTS published (topic TEXT PRIMARY KEY) WITHOUT ROWID");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
