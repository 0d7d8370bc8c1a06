import { readFileSync, statSync, writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { faultOf, overwrite, temporaryFolder } from "@weir/testkit";
import Sqlite from "better-sqlite3";
import { openDashboardFile } from "../../src/access/database.ts";
import type { Who } from "../../src/http/server.ts";
import { Browser, operatorOf, PASSWORD, startTestServer } from "./fixture.ts";

test("keeps users and sessions over a restart, and no secret in the file", async () => {
  using folder = temporaryFolder();
  const file = folder.file("dashboard.db");
  const secrets: string[] = [PASSWORD];
  let browser: Browser;
  {
    await using server = await startTestServer({ file });
    browser = await operatorOf(server);
    const made = await browser.ask("POST", "/tokens", { name: "backup", role: "viewer" });
    secrets.push(made.json().secret, browser.csrf ?? "", ...browser.cookies.values());
  }
  await using server = await startTestServer({ file });
  expect(server.code).toBe("");
  const again = new Browser(server.api);
  for (const [name, secret] of browser.cookies) again.cookies.set(name, secret);
  expect((await again.ask("GET", "/session")).json().user.name).toBe("ada");
  const content = readFileSync(file, "latin1");
  for (const secret of secrets) expect(content).not.toContain(secret);
});

test("removes the sessions that have expired", async () => {
  using folder = temporaryFolder();
  const file = folder.file("dashboard.db");
  await using server = await startTestServer({ file });
  await operatorOf(server);
  using reading = new DisposableStack();
  const database = new Sqlite(file, { readonly: true });
  reading.defer(() => void database.close());
  const count = () => database.prepare("SELECT count(*) FROM sessions").pluck().get();
  server.clock.advance(13 * 86_400_000);
  expect(count()).toBe(1);
  server.clock.advance(2 * 86_400_000);
  expect(count()).toBe(0);
});

test("makes a file that only its owner reads", () => {
  using folder = temporaryFolder();
  const file = folder.file("below/dashboard.db");
  openDashboardFile(file).close();
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("refuses a file of another program, or of a newer version", () => {
  using folder = temporaryFolder();
  const file = folder.file("dashboard.db");
  const foreign = new Sqlite(file);
  foreign.exec("CREATE TABLE notes (text TEXT)");
  foreign.close();
  expect(faultOf(() => openDashboardFile(file)).message).toContain("belongs to another program");

  const newer = folder.file("newer.db");
  const database = openDashboardFile(newer);
  database.pragma("user_version = 99");
  database.close();
  expect(faultOf(() => openDashboardFile(newer)).message).toContain(
    "has format version 99; this version of Weir reads up to",
  );
});

test("refuses a damaged file: in an empty one a stranger could be the first user", async () => {
  using folder = temporaryFolder();
  const file = folder.file("dashboard.db");
  {
    await using server = await startTestServer({ file });
    await operatorOf(server);
  }
  overwrite(file, 4_096, 12_288);
  const fault = faultOf(() => openDashboardFile(file));
  expect(fault.message).toContain(`DASHBOARD_FILE: ${file} is damaged`);
  expect(fault.remedy).toContain("Put a copy of it in its place");

  const text = folder.file("text.db");
  writeFileSync(text, "this is no database, but a text that is long enough".repeat(10));
  expect(faultOf(() => openDashboardFile(text)).message).toContain("is damaged");
});

test("goes on where another program has locked the file, and says so where it has to write", async () => {
  using folder = temporaryFolder();
  const file = folder.file("dashboard.db");
  await using server = await startTestServer({ file });
  const asking: Who[] = [];
  server.api.addHook("preHandler", async ({ who }) => {
    if (who !== null) asking.push(who);
  });
  const browser = await operatorOf(server);
  const { secret } = (await browser.ask("POST", "/tokens", { name: "a", role: "viewer" })).json();
  const authorization = `Bearer ${secret}`;
  using locking = new DisposableStack();
  const other = new Sqlite(file);
  locking.defer(() => void other.close());
  other.exec("BEGIN IMMEDIATE");

  // The sessions that have expired are removed every hour.
  server.clock.advance(2 * 3_600_000);
  expect(asking.map(({ isCurrent }) => isCurrent())).toEqual([true]);
  expect((await browser.ask("GET", "/users")).statusCode).toBe(200);
  const byToken = new Browser(server.api);
  expect((await byToken.ask("GET", "/session", undefined, { authorization })).statusCode).toBe(200);
  const refused = await browser.signIn();
  expect(refused.statusCode).toBe(503);
  expect(refused.json().problems).toEqual([
    expect.objectContaining({ field: "DASHBOARD_FILE", problem: "another program has locked it" }),
  ]);
  other.exec("ROLLBACK");
  expect((await browser.signIn()).statusCode).toBe(200);
});
