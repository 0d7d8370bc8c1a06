import { expect, test } from "@jest/globals";
import { Browser, operatorOf, PASSWORD, startTestServer, viewerOf } from "./fixture.ts";

const NEW_USER = { name: "bob", password: PASSWORD, role: "viewer" };

test("refuses who is not signed in", async () => {
  await using server = await startTestServer();
  await operatorOf(server);
  const stranger = new Browser(server.api);
  for (const [method, path, body] of [
    ["GET", "/users"],
    ["POST", "/users", NEW_USER],
    ["DELETE", "/users/ada"],
    ["PUT", "/session/password", { current: PASSWORD, password: "another one" }],
    ["GET", "/tokens"],
  ] as const) {
    const answer = await stranger.ask(method, path, body);
    expect(answer.statusCode).toBe(401);
    expect(answer.headers["www-authenticate"]).toBe("Bearer");
    expect(answer.json().problems).toMatchObject([{ field: "authorization", value: null }]);
  }
});

test("refuses a viewer what only operators may do", async () => {
  await using server = await startTestServer();
  const operator = await operatorOf(server);
  const viewer = await viewerOf(server, operator);
  for (const [method, path, body] of [
    ["GET", "/users"],
    ["POST", "/users", NEW_USER],
    ["PATCH", "/users/eve", { role: "operator" }],
    ["DELETE", "/users/ada"],
    ["GET", "/tokens"],
    ["POST", "/tokens", { name: "mine", role: "operator" }],
  ] as const) {
    const answer = await viewer.ask(method, path, body);
    expect(answer.statusCode).toBe(403);
    expect(answer.json().problems).toMatchObject([{ field: "role", value: "viewer" }]);
  }
  expect(server.access.users.list().map(({ name, role }) => [name, role])).toEqual([
    ["ada", "operator"],
    ["eve", "viewer"],
  ]);
});

test("changes nothing with a cookie alone, or with the text of another session", async () => {
  await using server = await startTestServer();
  const browser = await operatorOf(server);
  const csrf = browser.csrf;
  const viewer = await viewerOf(server, browser);
  for (const text of [null, "", "guess", viewer.csrf]) {
    browser.csrf = text;
    const answer = await browser.ask("POST", "/users", NEW_USER);
    expect(answer.statusCode).toBe(403);
    expect(answer.json().problems).toMatchObject([{ field: "x-weir-csrf", value: null }]);
  }
  browser.csrf = csrf;
  expect((await browser.ask("POST", "/users", NEW_USER)).statusCode).toBe(201);
});

test.each([
  { "sec-fetch-site": "cross-site" },
  { "sec-fetch-site": "same-site" },
  { origin: "https://evil.example" },
  { origin: "null" },
  { origin: "http://weir.lan:9090", host: "weir.lan:8080" },
])("refuses what a page of another site sends: %p", async (headers) => {
  await using server = await startTestServer();
  const browser = await operatorOf(server);
  const asked = [
    await browser.ask("POST", "/users", NEW_USER, headers),
    // Signing a victim in as somebody else is an attack, too.
    await browser.ask("POST", "/session", { name: "ada", password: PASSWORD }, headers),
  ];
  for (const answer of asked) {
    expect(answer.statusCode).toBe(403);
    expect(answer.json().problems).toMatchObject([{ field: "origin" }]);
  }
});

test.each([
  { "sec-fetch-site": "same-origin" },
  { origin: "http://weir.lan:8080", host: "weir.lan:8080" },
  { origin: "https://weir.example", host: "weir.example" },
])("takes what a page of this server sends: %p", async (headers) => {
  await using server = await startTestServer();
  const browser = await operatorOf(server);
  expect((await browser.ask("POST", "/users", NEW_USER, headers)).statusCode).toBe(201);
});

test("takes a page's address from a proxy only where that is trusted", async () => {
  const headers = {
    origin: "https://weir.example",
    host: "127.0.0.1:8080",
    "x-forwarded-host": "weir.example",
  };
  const statuses: number[] = [];
  for (const trustedProxies of [["192.0.2.0/24"], []]) {
    await using server = await startTestServer({ trustedProxies });
    const browser = await operatorOf(server);
    statuses.push((await browser.ask("POST", "/users", NEW_USER, headers)).statusCode);
  }
  expect(statuses).toEqual([201, 403]);
});

test("believes the address that a client claims only from a trusted proxy", async () => {
  await using server = await startTestServer();
  await operatorOf(server);
  const stranger = new Browser(server.api, "192.0.2.66");
  const answers: number[] = [];
  for (let count = 0; count < 4; count += 1) {
    const body = { name: `user-${count}`, password: "wrong password" };
    const headers = { "x-forwarded-for": `198.51.100.${count}` };
    answers.push((await stranger.ask("POST", "/session", body, headers)).statusCode);
  }
  expect(answers).toEqual([401, 401, 401, 429]);
});

test("a token has its role, needs no text against forgery, and ends when it is removed", async () => {
  await using server = await startTestServer();
  const operator = await operatorOf(server);
  const make = async (role: string) =>
    (await operator.ask("POST", "/tokens", { name: `for ${role}`, role })).json();
  const [viewer, writer] = [await make("viewer"), await make("operator")];
  const program = new Browser(server.api, "192.0.2.5");
  const bearing = (secret: string) => ({ authorization: `Bearer ${secret}` });

  const who = await program.ask("GET", "/session", undefined, bearing(viewer.secret));
  expect(who.json()).toEqual({
    state: "signed in",
    user: { name: "for viewer", role: "viewer" },
    csrf: null,
  });
  const ask = (secret: string) => program.ask("POST", "/users", NEW_USER, bearing(secret));
  expect((await ask(viewer.secret)).statusCode).toBe(403);
  expect((await ask("weir_guess")).statusCode).toBe(401);
  expect((await ask(writer.secret)).statusCode).toBe(201);
  const change = { current: PASSWORD, password: "another one" };
  const own = await program.ask("PUT", "/session/password", change, bearing(writer.secret));
  expect(own.statusCode).toBe(403);

  const { tokens } = (await operator.ask("GET", "/tokens")).json();
  expect(tokens).toMatchObject([
    { name: "for operator", usedMs: server.clock.now() },
    { name: "for viewer", usedMs: server.clock.now() },
  ]);
  expect(JSON.stringify(tokens)).not.toContain(writer.secret);
  await operator.ask("DELETE", `/tokens/${writer.id}`);
  expect((await ask(writer.secret)).statusCode).toBe(401);
});

test("a wrong token is not replaced by the session of the browser", async () => {
  await using server = await startTestServer();
  const browser = await operatorOf(server);
  const headers = { authorization: "Bearer guess" };
  expect((await browser.ask("GET", "/users", undefined, headers)).statusCode).toBe(401);
});

test("an answer that takes long sees that its session has ended", async () => {
  await using server = await startTestServer();
  let isCurrent: (() => boolean) | undefined;
  server.api.get("/api/v1/long", (request) => {
    isCurrent = request.who?.isCurrent;
    return null;
  });
  const browser = await operatorOf(server);
  await browser.ask("GET", "/long").catch(() => {});
  expect(isCurrent?.()).toBe(true);
  await browser.ask("DELETE", "/session");
  expect(isCurrent?.()).toBe(false);
});

test("a route that says nothing is for who is signed in, and its answer is not stored", async () => {
  await using server = await startTestServer();
  server.api.get("/api/v1/plain", () => ({ isSeen: true }));
  const plain = (browser: Browser) => browser.ask("GET", "/plain");
  expect((await plain(new Browser(server.api))).statusCode).toBe(401);
  const answer = await plain(await operatorOf(server));
  expect(answer.json()).toEqual({ isSeen: true });
  expect(answer.headers["cache-control"]).toBe("no-store");
});
