import type { Clock, Logger } from "@weir/runtime";
import type { Database } from "better-sqlite3";
import { Browsers } from "./browsers.ts";
import { DeferrableWrites } from "./deferrable-writes.ts";
import { Guesses } from "./guesses.ts";
import { Passwords } from "./passwords.ts";
import { Sessions } from "./sessions.ts";
import { SetupCode } from "./setup-code.ts";
import { Tokens } from "./tokens.ts";
import { type StoredUser, Users } from "./users.ts";

/** The user whose password DASHBOARD_PASSWORD_FILE has. */
const FILE_USER = "admin";
const CLEANING_MS = 3_600_000;

/** Who may use the pages and the API. */
export class Access implements Disposable {
  readonly users: Users;
  readonly sessions: Sessions;
  readonly browsers: Browsers;
  readonly tokens: Tokens;
  readonly passwords = new Passwords();
  readonly guesses: Guesses;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly #database: Database;
  readonly #setupCode = new SetupCode();
  readonly #cleaning: Disposable;

  constructor(database: Database, clock: Clock, logger: Logger) {
    this.#database = database;
    this.users = new Users(database);
    const writes = new DeferrableWrites(clock, logger);
    this.sessions = new Sessions(database, clock, writes);
    this.browsers = new Browsers(database, clock);
    this.tokens = new Tokens(database, clock, writes);
    this.guesses = new Guesses(clock);
    this.clock = clock;
    this.logger = logger;
    this.sessions.removeExpired();
    this.#cleaning = clock.repeat(CLEANING_MS, () => this.sessions.removeExpired());
  }

  /** The code that makes the first user; `null` when there is one. */
  get setupCode(): SetupCode | null {
    return this.users.isEmpty ? this.#setupCode : null;
  }

  /** Another password for a user, which ends all sessions. */
  async changePassword({ id }: StoredUser, password: string): Promise<void> {
    const hash = await this.passwords.hash(password);
    this.#changing(() => {
      this.users.setPassword(id, hash);
      this.sessions.endAll(id);
    });
  }

  /**
   * Makes the operator `admin` with the password of DASHBOARD_PASSWORD_FILE. Where there is one, that password is set
   * when the file has changed since: a password that was changed in the pages stays.
   */
  async takeFilePassword(password: string): Promise<void> {
    const found = this.users.find(FILE_USER);
    if (found !== null && (await this.passwords.fits(password, found.filePassword))) return;
    const hash = await this.passwords.hash(password);
    this.#changing(() => {
      const user = found ?? this.users.add(FILE_USER, hash, "operator", this.clock.now());
      this.users.setFilePassword(user.id, hash);
      this.sessions.endAll(user.id);
    });
    this.logger.info(`the password of ${FILE_USER} is that of DASHBOARD_PASSWORD_FILE`);
  }

  [Symbol.dispose](): void {
    this.#cleaning[Symbol.dispose]();
  }

  /** A password never changes without the end of its sessions. */
  #changing(change: () => void): void {
    this.#database.transaction(change).immediate();
  }
}
