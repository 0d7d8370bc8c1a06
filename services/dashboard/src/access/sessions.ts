import type { Clock } from "@weir/runtime";
import type { Database } from "better-sqlite3";
import type { Role } from "../contract/access.ts";
import type { DeferrableWrites } from "./deferrable-writes.ts";
import { hashOf, newSecret } from "./secrets.ts";

/** A session that has not ended. */
export interface FoundSession {
  userId: number;
  name: string;
  role: Role;
}

const DAY_MS = 86_400_000;
const IDLE_MS_MAX = 14 * DAY_MS;
/** However much it is used. */
export const SESSION_MS_MAX: number = 90 * DAY_MS;
/** Of one user; the oldest end first. */
const SESSIONS_MAX = 100;
/** A session that is used is not written at each request. */
const USED_STEP_MS = 300_000;

const NOT_EXPIRED = "used_ms > :nowMs - :idleMs AND sessions.made_ms > :nowMs - :maxMs";
const FIND = `
SELECT users.id AS userId, name, role, used_ms AS usedMs
FROM sessions JOIN users ON users.id = user WHERE hash = :hash AND ${NOT_EXPIRED}`;
const SURPLUS = `
DELETE FROM sessions WHERE hash IN (
  SELECT hash FROM sessions WHERE user = ? ORDER BY made_ms DESC LIMIT -1 OFFSET ${SESSIONS_MAX})`;

/** The sessions of users. The secret of each is only in the cookie of its browser. */
export class Sessions {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #writes: DeferrableWrites;

  constructor(database: Database, clock: Clock, writes: DeferrableWrites) {
    this.#writes = writes;
    this.#database = database;
    this.#clock = clock;
  }

  /** @returns the session's secret. */
  begin(userId: number): string {
    const secret = newSecret();
    const nowMs = this.#clock.now();
    const sql = "INSERT INTO sessions (hash, user, made_ms, used_ms) VALUES (?, ?, ?, ?)";
    this.#database.prepare(sql).run(hashOf(secret), userId, nowMs, nowMs);
    this.#database.prepare(SURPLUS).run(userId);
    return secret;
  }

  /** The session of a secret; being found keeps it alive. */
  find(secret: string): FoundSession | null {
    const hash = hashOf(secret);
    const found = this.#database
      .prepare<object, FoundSession & { usedMs: number }>(FIND)
      .get({ hash, ...this.#limits() });
    if (found === undefined) return null;
    const { usedMs, ...session } = found;
    const nowMs = this.#clock.now();
    if (nowMs - usedMs > USED_STEP_MS) {
      const sql = "UPDATE sessions SET used_ms = ? WHERE hash = ?";
      this.#writes.attempt(() => this.#database.prepare(sql).run(nowMs, hash));
    }
    return session;
  }

  end(secret: string): void {
    this.#database.prepare("DELETE FROM sessions WHERE hash = ?").run(hashOf(secret));
  }

  /** Ends all sessions of a user. */
  endAll(userId: number): void {
    this.#database.prepare("DELETE FROM sessions WHERE user = ?").run(userId);
  }

  removeExpired(): void {
    const sql = `DELETE FROM sessions WHERE NOT (${NOT_EXPIRED})`;
    this.#writes.attempt(() => this.#database.prepare(sql).run(this.#limits()));
  }

  #limits(): { nowMs: number; idleMs: number; maxMs: number } {
    return { nowMs: this.#clock.now(), idleMs: IDLE_MS_MAX, maxMs: SESSION_MS_MAX };
  }
}

/** What a page of a session sends as x-weir-csrf: only who has read it from the API can know it. */
export function csrfOf(secret: string): string {
  return hashOf(`csrf of ${secret}`).toString("base64url");
}
