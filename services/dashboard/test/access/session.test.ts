import { expect, test } from "@jest/globals";
import { temporaryFolder } from "@weir/testkit";
import {
  Browser,
  keepSessions,
  operatorOf,
  PASSWORD,
  startTestServer,
  viewerOf,
} from "./fixture.ts";

const DAY_MS = 86_400_000;

test("makes the first user, an operator, with the code of the log, once", async () => {
  await using server = await startTestServer();
  const browser = new Browser(server.api);
  expect((await browser.ask("GET", "/session")).json().state).toBe("setup");

  const answer = await browser.setUp(server.code.toLowerCase().replaceAll("-", " "));
  expect(answer.json()).toMatchObject({
    state: "signed in",
    user: { name: "ada", role: "operator" },
  });
  expect((await browser.ask("GET", "/users")).json().users).toHaveLength(1);

  const second = await new Browser(server.api).setUp(server.code, "mallory");
  expect(second.statusCode).toBe(409);
  expect(server.access.users.list()).toHaveLength(1);
});

test("makes one user of two that set up at once", async () => {
  await using server = await startTestServer();
  const answers = await Promise.all([
    new Browser(server.api).setUp(server.code, "ada"),
    new Browser(server.api).setUp(server.code, "mallory"),
  ]);
  expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 409]);
  expect(server.access.users.list()).toHaveLength(1);
});

test("refuses a wrong code, and delays who guesses it", async () => {
  await using server = await startTestServer();
  const browser = new Browser(server.api);
  for (let guess = 0; guess < 3; guess += 1) {
    expect((await browser.setUp("AAAA-AAAA-AAAA-AAAA")).statusCode).toBe(403);
  }
  const delayed = await browser.setUp(server.code);
  expect(delayed.statusCode).toBe(429);
  expect(delayed.headers["retry-after"]).toBe("1");
  // Another address is not delayed, and who waited neither.
  expect((await new Browser(server.api, "192.0.2.9").setUp("wrong")).statusCode).toBe(403);
  server.clock.advance(1_000);
  expect((await browser.setUp(server.code)).statusCode).toBe(200);
});

test("sends a cookie that no script reads and no other site sends", async () => {
  await using server = await startTestServer({ trustedProxies: ["127.0.0.1"] });
  await operatorOf(server);
  const payload = { name: "ada", password: PASSWORD };
  const plain = await server.api.inject({ method: "POST", url: "/api/v1/session", payload });
  const cookie = plain.cookies.find(({ name }) => name === "weir_session");
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Strict", path: "/" });
  expect(cookie?.secure).toBeUndefined();

  const headers = { "x-forwarded-proto": "https" };
  const over = await server.api.inject({
    method: "POST",
    url: "/api/v1/session",
    payload,
    headers,
  });
  expect(over.cookies.find(({ name }) => name === "weir_session")).toMatchObject({ secure: true });
});

test("begins a session of its own at sign-in, never the one that was there", async () => {
  await using server = await startTestServer();
  const first = await operatorOf(server);
  const browser = new Browser(server.api);
  browser.cookies.set("weir_session", "planted");
  await browser.signIn();
  expect(browser.cookies.get("weir_session")).not.toBe("planted");

  const former = first.cookies.get("weir_session") ?? "";
  await first.signIn();
  expect(first.cookies.get("weir_session")).not.toBe(former);
  first.cookies.set("weir_session", former);
  expect((await first.ask("GET", "/users")).statusCode).toBe(401);
});

test("ends a session at sign-out", async () => {
  await using server = await startTestServer();
  const browser = await operatorOf(server);
  const secret = browser.cookies.get("weir_session") ?? "";
  expect((await browser.ask("DELETE", "/session")).json().state).toBe("signed out");
  expect(browser.cookies.has("weir_session")).toBe(false);
  browser.cookies.set("weir_session", secret);
  expect((await browser.ask("GET", "/users")).statusCode).toBe(401);
});

test("ends a session that is not used for 14 days", async () => {
  await using server = await startTestServer();
  const browser = await operatorOf(server);
  server.clock.advance(13 * DAY_MS);
  expect((await browser.ask("GET", "/users")).statusCode).toBe(200);
  server.clock.advance(13 * DAY_MS);
  expect((await browser.ask("GET", "/users")).statusCode).toBe(200);
  server.clock.advance(15 * DAY_MS);
  expect((await browser.ask("GET", "/users")).statusCode).toBe(401);
  expect((await browser.ask("GET", "/session")).json().state).toBe("signed out");
});

test("ends a session after 90 days, however much it is used", async () => {
  await using server = await startTestServer();
  const browser = await operatorOf(server);
  for (let week = 0; week < 12; week += 1) {
    server.clock.advance(7 * DAY_MS);
    expect((await browser.ask("GET", "/users")).statusCode).toBe(200);
  }
  server.clock.advance(7 * DAY_MS);
  expect((await browser.ask("GET", "/users")).statusCode).toBe(401);
});

test("changes no password whose sessions cannot be ended", async () => {
  using folder = temporaryFolder();
  const file = folder.file("dashboard.db");
  await using server = await startTestServer({ file });
  const browser = await operatorOf(server);
  keepSessions(file);
  const change = { current: PASSWORD, password: "another one" };
  expect((await browser.ask("PUT", "/session/password", change)).statusCode).toBe(503);
  expect((await new Browser(server.api).signIn("ada", "another one")).statusCode).toBe(401);
  expect((await new Browser(server.api).signIn()).statusCode).toBe(200);
});

test("ends the other sessions of a user whose password changes", async () => {
  await using server = await startTestServer();
  const here = await operatorOf(server);
  const there = new Browser(server.api);
  await there.signIn();

  const change = { current: PASSWORD, password: "another one" };
  const wrong = await here.ask("PUT", "/session/password", { ...change, current: "guess" });
  expect(wrong.json().problems).toMatchObject([{ field: "current", value: null }]);
  expect((await here.ask("PUT", "/session/password", change)).statusCode).toBe(200);
  expect((await here.ask("GET", "/users")).statusCode).toBe(200);
  expect((await there.ask("GET", "/users")).statusCode).toBe(401);
  expect((await there.signIn("ada", PASSWORD)).statusCode).toBe(401);
  expect((await there.signIn("ADA", "another one")).statusCode).toBe(200);
});

test("tells a stranger nothing about whether a user exists", async () => {
  await using server = await startTestServer();
  await operatorOf(server);
  const stranger = new Browser(server.api, "192.0.2.7");
  const known = await stranger.signIn("ada", "wrong password");
  const unknown = await stranger.signIn("bob", "wrong password");
  expect(known.statusCode).toBe(401);
  expect(unknown.json()).toEqual(known.json());
});

test("delays guesses longer and longer, by name and by address", async () => {
  await using server = await startTestServer();
  await operatorOf(server);
  const guess = (address: string, name = "ada") =>
    new Browser(server.api, address).signIn(name, "wrong password");
  for (let count = 0; count < 3; count += 1) {
    expect((await guess(`192.0.2.${100 + count}`)).statusCode).toBe(401);
  }
  const waits: unknown[] = [];
  for (let count = 0; count < 4; count += 1) {
    const { statusCode, headers } = await guess("192.0.2.200");
    expect(statusCode).toBe(429);
    waits.push(headers["retry-after"]);
    server.clock.advance(Number(headers["retry-after"]) * 1_000);
    await guess("192.0.2.200");
  }
  expect(waits).toEqual(["1", "2", "4", "8"]);
  // The address guesses other names no faster.
  expect((await guess("192.0.2.200", "bob")).statusCode).toBe(429);
  expect((await guess("192.0.2.201", "bob")).statusCode).toBe(401);
});

test("lets a user in from a known browser while a stranger guesses without end", async () => {
  await using server = await startTestServer();
  const user = await operatorOf(server);
  await user.ask("DELETE", "/session");
  // Also from the same address, as behind a proxy.
  for (const address of ["192.0.2.1", "192.0.2.66"]) {
    const stranger = new Browser(server.api, address);
    for (let count = 0; count < 5; count += 1) await stranger.signIn("ada", "wrong password");
  }
  expect((await new Browser(server.api, "192.0.2.3").signIn()).statusCode).toBe(429);
  expect((await user.signIn()).statusCode).toBe(200);
});

test("counts many guesses at once like one after the other", async () => {
  await using server = await startTestServer();
  await operatorOf(server);
  const stranger = new Browser(server.api, "192.0.2.66");
  const guesses = Array.from({ length: 10 }, () => stranger.signIn("ada", "wrong password"));
  const answers = (await Promise.all(guesses)).map(({ statusCode }) => statusCode).sort();
  expect(answers).toEqual([401, 401, 401, 429, 429, 429, 429, 429, 429, 429]);
});

test("ends all sessions of a removed user, and keeps the last operator", async () => {
  await using server = await startTestServer();
  const operator = await operatorOf(server);
  const viewer = await viewerOf(server, operator);
  expect((await viewer.ask("GET", "/session")).json().user).toEqual({
    name: "eve",
    role: "viewer",
  });
  expect((await operator.ask("DELETE", "/users/eve")).statusCode).toBe(204);
  expect((await viewer.ask("GET", "/session")).json().state).toBe("signed out");

  expect((await operator.ask("DELETE", "/users/ada")).statusCode).toBe(409);
  expect((await operator.ask("PATCH", "/users/ada", { role: "viewer" })).statusCode).toBe(409);
  expect((await operator.ask("DELETE", "/users/bob")).statusCode).toBe(404);
});

test("makes an operator of a viewer, and sets a forgotten password", async () => {
  await using server = await startTestServer();
  const operator = await operatorOf(server);
  const viewer = await viewerOf(server, operator);
  expect((await viewer.ask("GET", "/users")).statusCode).toBe(403);
  await operator.ask("PATCH", "/users/eve", { role: "operator" });
  expect((await viewer.ask("GET", "/users")).statusCode).toBe(200);
  await operator.ask("PATCH", "/users/eve", { password: "set by the operator" });
  expect((await viewer.ask("GET", "/users")).statusCode).toBe(401);
  expect((await viewer.signIn("eve", "set by the operator")).statusCode).toBe(200);
});
