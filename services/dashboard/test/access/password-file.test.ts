import { expect, test } from "@jest/globals";
import { temporaryFolder } from "@weir/testkit";
import { Browser, keepSessions, PASSWORD, startTestServer } from "./fixture.ts";

const signInStatus = async (api: ConstructorParameters<typeof Browser>[0], password: string) =>
  (await new Browser(api).signIn("admin", password)).statusCode;

test("makes the operator admin, so that there is no setup", async () => {
  await using server = await startTestServer();
  await server.access.takeFilePassword(PASSWORD);
  const browser = new Browser(server.api);
  expect((await browser.ask("GET", "/session")).json().state).toBe("signed out");
  expect((await browser.setUp(server.code)).statusCode).toBe(409);
  expect((await browser.signIn("admin")).json().user).toEqual({ name: "admin", role: "operator" });
});

test("changes the password when the file has changed, and leaves one that was changed in the pages", async () => {
  using folder = temporaryFolder();
  const file = folder.file("dashboard.db");
  const restart = async (password: string) => {
    const server = await startTestServer({ file });
    await server.access.takeFilePassword(password);
    return server;
  };
  {
    await using server = await restart(PASSWORD);
    const browser = new Browser(server.api);
    await browser.signIn("admin");
    const change = { current: PASSWORD, password: "changed in the pages" };
    expect((await browser.ask("PUT", "/session/password", change)).statusCode).toBe(200);
  }
  {
    await using server = await restart(PASSWORD);
    expect(await signInStatus(server.api, PASSWORD)).toBe(401);
    expect(await signInStatus(server.api, "changed in the pages")).toBe(200);
  }
  await using server = await restart("changed in the file");
  expect(await signInStatus(server.api, "changed in the pages")).toBe(401);
  expect(await signInStatus(server.api, "changed in the file")).toBe(200);
});

test("changes no password whose sessions cannot be ended", async () => {
  using folder = temporaryFolder();
  const file = folder.file("dashboard.db");
  await using server = await startTestServer({ file });
  await server.access.takeFilePassword(PASSWORD);
  await new Browser(server.api).signIn("admin");
  keepSessions(file);
  await expect(server.access.takeFilePassword("changed in the file")).rejects.toThrow("it stays");
  expect(await signInStatus(server.api, "changed in the file")).toBe(401);
  expect(await signInStatus(server.api, PASSWORD)).toBe(200);
});
