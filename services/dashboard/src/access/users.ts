import { RequestFault } from "@weir/runtime";
import type { Database } from "better-sqlite3";
import type { Role, User } from "../contract/access.ts";

/** A user as the file has it. */
export interface StoredUser extends User {
  id: number;
  /** The hash of the password. */
  password: string;
  /** The hash of what DASHBOARD_PASSWORD_FILE had when the password was last taken from there. */
  filePassword: string | null;
}

const USERS_MAX = 1_000;
const COLUMNS = "id, name, role, password, file_password AS filePassword, made_ms AS madeMs";

/** The users of the pages and the API. A name is the same in upper and lower case. */
export class Users {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  get isEmpty(): boolean {
    return this.#count("") === 0;
  }

  list(): User[] {
    const sql = "SELECT name, role, made_ms AS madeMs FROM users ORDER BY name";
    return this.#database.prepare<[], User>(sql).all();
  }

  find(name: string): StoredUser | null {
    const sql = `SELECT ${COLUMNS} FROM users WHERE name = ?`;
    return this.#database.prepare<[string], StoredUser>(sql).get(name) ?? null;
  }

  /** @param password its hash. @throws RequestFault when the name is taken, or there are too many. */
  add(name: string, password: string, role: Role, nowMs: number): StoredUser {
    return this.#changing(() => {
      if (this.find(name) !== null) {
        throw conflict("name", name, "there is a user of that name", "Choose another name.");
      }
      if (this.#count("") >= USERS_MAX) {
        const problem = `there are ${USERS_MAX} users, which is the limit`;
        throw conflict("name", name, problem, "Remove those who do not need it.");
      }
      const sql = "INSERT INTO users (name, role, password, made_ms) VALUES (?, ?, ?, ?)";
      this.#database.prepare(sql).run(name, role, password, nowMs);
      return this.get(name);
    });
  }

  /** Adds the first user, an operator. @throws RequestFault when there is one already. */
  addFirst(name: string, password: string, nowMs: number): StoredUser {
    return this.#changing(() => {
      if (!this.isEmpty) throw setupIsOver();
      return this.add(name, password, "operator", nowMs);
    });
  }

  /** Removes a user, with all sessions. @throws RequestFault for an unknown one, and the last operator. */
  remove(name: string): void {
    this.#changing(() => {
      const { id, role } = this.get(name);
      if (role === "operator") this.#refuseLastOperator(name);
      this.#database.prepare("DELETE FROM users WHERE id = ?").run(id);
    });
  }

  /** @throws RequestFault for an unknown user, and when no operator would be left. */
  setRole(name: string, role: Role): void {
    this.#changing(() => {
      const user = this.get(name);
      if (user.role === "operator" && role !== "operator") this.#refuseLastOperator(name);
      this.#database.prepare("UPDATE users SET role = ? WHERE id = ?").run(role, user.id);
    });
  }

  /** @param password its hash. */
  setPassword(id: number, password: string): void {
    this.#database.prepare("UPDATE users SET password = ? WHERE id = ?").run(password, id);
  }

  /** Sets the password to that of DASHBOARD_PASSWORD_FILE. @param password its hash. */
  setFilePassword(id: number, password: string): void {
    const sql = "UPDATE users SET password = ?, file_password = ? WHERE id = ?";
    this.#database.prepare(sql).run(password, password, id);
  }

  /** @throws RequestFault when there is no user of that name. */
  get(name: string): StoredUser {
    const user = this.find(name);
    if (user !== null) return user;
    throw new RequestFault(404, [
      {
        field: "name",
        value: name,
        problem: "there is no user of that name",
        remedy: "GET /api/v1/users lists them.",
      },
    ]);
  }

  #refuseLastOperator(name: string): void {
    if (this.#count("WHERE role = 'operator'") > 1) return;
    const problem = "this is the only operator, and without one no user could be managed";
    throw conflict("name", name, problem, "Make another user an operator first.");
  }

  #count(where: string): number {
    const sql = `SELECT count(*) FROM users ${where}`;
    return Number(this.#database.prepare(sql).pluck().get());
  }

  #changing<T>(change: () => T): T {
    return this.#database.transaction(change).immediate();
  }
}

/** What is answered to setup when there is a user. */
export function setupIsOver(): RequestFault {
  return conflict(
    "code",
    null,
    "there is a user already",
    "Sign in, or ask an operator for a user.",
  );
}

function conflict(field: string, value: unknown, problem: string, remedy: string): RequestFault {
  return new RequestFault(409, [{ field, value, problem, remedy }]);
}
