import { createFakeClock, createTestContext, type FakeClock, temporaryFolder } from "@weir/testkit";
import Sqlite from "better-sqlite3";
import type { LightMyRequestResponse } from "fastify";
import { Access } from "../../src/access/access.ts";
import { openDashboardFile } from "../../src/access/database.ts";
import { guard } from "../../src/access/guard.ts";
import { type Api, buildServer, type ServerOptions } from "../../src/http/server.ts";
import { accessRoutes } from "../../src/routes/access.ts";
import { userRoutes } from "../../src/routes/users.ts";

export const PASSWORD = "correct horse";

/** The server with the routes of access, with its file in a folder of its own. */
export interface TestServer extends AsyncDisposable {
  api: Api;
  access: Access;
  clock: FakeClock;
  /** The code for the first user. */
  code: string;
}

export async function startTestServer(
  options: ServerOptions & { file?: string } = {},
): Promise<TestServer> {
  await using opening = new AsyncDisposableStack();
  const folder = opening.use(temporaryFolder());
  const clock = createFakeClock();
  const { logger } = createTestContext(clock);
  const database = openDashboardFile(options.file ?? folder.file("dashboard.db"));
  opening.defer(() => void database.close());
  const access = opening.use(new Access(database, clock, logger));
  const api = await buildServer(logger, "0.0.0", options);
  opening.defer(() => api.close());
  guard(api, access);
  accessRoutes(api, access);
  userRoutes(api, access);
  const opened = opening.move();
  return {
    api,
    access,
    clock,
    code: access.setupCode?.text ?? "",
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** A browser: it keeps cookies, and sends the text against forged requests. */
export class Browser {
  readonly cookies = new Map<string, string>();
  csrf: string | null = null;
  readonly #api: Api;
  readonly #address: string;

  constructor(api: Api, address = "192.0.2.1") {
    this.#api = api;
    this.#address = address;
  }

  async ask(
    method: Method,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<LightMyRequestResponse> {
    const answer = await this.#api.inject({
      method,
      url: `/api/v1${path}`,
      remoteAddress: this.#address,
      cookies: Object.fromEntries(this.cookies),
      headers: { ...(this.csrf !== null && { "x-weir-csrf": this.csrf }), ...headers },
      ...(body && { body }),
    });
    for (const { name, value } of answer.cookies) {
      if (value === "") this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    if (answer.statusCode === 200 && path !== "/users") {
      const { csrf } = answer.json();
      if (csrf !== undefined) this.csrf = csrf;
    }
    return answer;
  }

  setUp(code: string, name = "ada"): Promise<LightMyRequestResponse> {
    return this.ask("POST", "/setup", { code, name, password: PASSWORD });
  }

  signIn(name = "ada", password = PASSWORD): Promise<LightMyRequestResponse> {
    return this.ask("POST", "/session", { name, password });
  }
}

/** A browser in which the operator `ada` has signed in, the first user. */
export async function operatorOf({ api, code }: TestServer): Promise<Browser> {
  const browser = new Browser(api);
  await browser.setUp(code);
  return browser;
}

/** A browser in which a viewer has signed in. */
export async function viewerOf({ api }: TestServer, operator: Browser): Promise<Browser> {
  await operator.ask("POST", "/users", { name: "eve", password: PASSWORD, role: "viewer" });
  const browser = new Browser(api, "192.0.2.2");
  await browser.signIn("eve");
  return browser;
}

/** From now on no session of the file can be removed: a disk may be full in the middle of a change. */
export function keepSessions(file: string): void {
  const database = new Sqlite(file);
  database.exec(`
    CREATE TRIGGER kept BEFORE DELETE ON sessions BEGIN SELECT RAISE(ABORT, 'it stays'); END`);
  database.close();
}
