import { randomBytes } from "node:crypto";
import { type Clock, RequestFault } from "@weir/runtime";
import type { Database } from "better-sqlite3";
import type { NewToken, Role, Token } from "../contract/access.ts";
import type { DeferrableWrites } from "./deferrable-writes.ts";
import { hashOf, newSecret } from "./secrets.ts";

const TOKENS_MAX = 1_000;
const ID_BYTES = 9;
/** A token that is used is not written at each request. */
const USED_STEP_MS = 60_000;
const COLUMNS = "id, name, role, made_ms AS madeMs, used_ms AS usedMs";

/** The tokens of programs that use the API. The secret of each is shown once, and not stored. */
export class Tokens {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #writes: DeferrableWrites;

  constructor(database: Database, clock: Clock, writes: DeferrableWrites) {
    this.#writes = writes;
    this.#database = database;
    this.#clock = clock;
  }

  list(): Token[] {
    const sql = `SELECT ${COLUMNS} FROM tokens ORDER BY name, made_ms`;
    return this.#database.prepare<[], Token>(sql).all();
  }

  /** @throws RequestFault when there are too many. */
  add(name: string, role: Role): NewToken {
    const count = Number(this.#database.prepare("SELECT count(*) FROM tokens").pluck().get());
    if (count >= TOKENS_MAX) {
      const problem = `there are ${TOKENS_MAX} tokens, which is the limit`;
      throw refused(409, "name", name, problem, "Remove those that are not used.");
    }
    // With a name before it, programs that look for secrets in files find it.
    const secret = `weir_${newSecret()}`;
    const id = randomBytes(ID_BYTES).toString("base64url");
    const madeMs = this.#clock.now();
    const sql = "INSERT INTO tokens (id, name, role, hash, made_ms) VALUES (?, ?, ?, ?, ?)";
    this.#database.prepare(sql).run(id, name, role, hashOf(secret), madeMs);
    return { id, name, role, madeMs, usedMs: null, secret };
  }

  /** The token of a secret; being found is noted as use. */
  find(secret: string): Token | null {
    const sql = `SELECT ${COLUMNS} FROM tokens WHERE hash = ?`;
    const token = this.#database.prepare<[Buffer], Token>(sql).get(hashOf(secret));
    if (token === undefined) return null;
    const nowMs = this.#clock.now();
    if (nowMs - (token.usedMs ?? 0) > USED_STEP_MS) {
      const sql = "UPDATE tokens SET used_ms = ? WHERE id = ?";
      this.#writes.attempt(() => this.#database.prepare(sql).run(nowMs, token.id));
    }
    return token;
  }

  /** @throws RequestFault for an unknown one. */
  remove(id: string): void {
    const { changes } = this.#database.prepare("DELETE FROM tokens WHERE id = ?").run(id);
    if (changes > 0) return;
    const remedy = "GET /api/v1/tokens lists them.";
    throw refused(404, "id", id, "there is no such token", remedy);
  }
}

function refused(status: number, field: string, value: string, problem: string, remedy: string) {
  return new RequestFault(status, [{ field, value, problem, remedy }]);
}
