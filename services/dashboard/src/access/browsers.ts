import type { Clock } from "@weir/runtime";
import type { Database } from "better-sqlite3";
import { hashOf, newSecret } from "./secrets.ts";

/** How long a browser is known after the last sign-in that made its cookie. */
export const BROWSER_MS_MAX: number = 365 * 86_400_000;
/** Of one user; the oldest are forgotten first. */
const BROWSERS_MAX = 20;

const SURPLUS = `
DELETE FROM browsers WHERE hash IN (
  SELECT hash FROM browsers WHERE user = ? ORDER BY made_ms DESC LIMIT -1 OFFSET ${BROWSERS_MAX})`;

/**
 * The browsers in which a user has signed in before. Their guesses are delayed by themselves: a stranger who guesses
 * without end delays other strangers, and not the user.
 */
export class Browsers {
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** @returns the secret for the browser's cookie. */
  add(userId: number): string {
    const secret = newSecret();
    const sql = "INSERT INTO browsers (hash, user, made_ms) VALUES (?, ?, ?)";
    this.#database.prepare(sql).run(hashOf(secret), userId, this.#clock.now());
    this.#database.prepare(SURPLUS).run(userId);
    return secret;
  }

  isKnown(secret: string, userId: number): boolean {
    const sql = "SELECT 1 FROM browsers WHERE hash = ? AND user = ? AND made_ms > ?";
    const sinceMs = this.#clock.now() - BROWSER_MS_MAX;
    return this.#database.prepare(sql).get(hashOf(secret), userId, sinceMs) !== undefined;
  }
}
