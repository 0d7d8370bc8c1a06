import { describe, expect, test } from "@jest/globals";
import { Health, Registry, RequestFault, Routes, startHttpServer } from "@weir/runtime";
import { z } from "zod";

const TOKEN = "a-token-of-the-test";
const JSON_TYPE = { "content-type": "application/json" };

async function serve() {
  const routes = new Routes();
  routes.add(TOKEN, {
    method: "POST",
    path: "/things/:name",
    body: z.strictObject({ size: z.int().max(9), colour: z.string().optional() }),
    answer: ({ parameters, body }) => {
      if (body.size === 0) {
        const problem = { field: "size", value: 0, problem: "it is none", remedy: "Take more." };
        throw new RequestFault(409, [problem]);
      }
      return { status: 201, content: { name: parameters.name, size: body.size } };
    },
  });
  routes.add(TOKEN, {
    method: "GET",
    path: "/things",
    body: null,
    answer: () => ({ content: [] }),
  });
  const server = await startHttpServer({
    host: "127.0.0.1",
    port: 0,
    health: new Health(),
    metrics: new Registry(),
    routes,
    portSetting: "TEST_HTTP_PORT",
  });
  const ask = async (path: string, init: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${TOKEN}`, ...JSON_TYPE, ...init.headers };
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { ...init, headers });
    // The answers of these routes and of their faults.
    const content = (await response.json()) as { problems?: unknown };
    return { status: response.status, content, response };
  };
  return { server, ask };
}

const post = (body: string, headers = {}): RequestInit => ({ method: "POST", body, headers });

describe("the routes of a service", () => {
  test("answer who has the token", async () => {
    const { server, ask } = await serve();
    await using _server = server;
    expect(await ask("/things")).toMatchObject({ status: 200, content: [] });
    expect(await ask("/things/box", post('{"size": 3}'))).toMatchObject({
      status: 201,
      content: { name: "box", size: 3 },
    });
  });

  test.each([{ authorization: "" }, { authorization: "Bearer another" }, { authorization: TOKEN }])(
    "refuse %j before anything else is read",
    async (headers) => {
      const { server, ask } = await serve();
      await using _server = server;
      const { status, content, response } = await ask("/things/box", post("rubbish", headers));
      expect(status).toBe(401);
      expect(response.headers.get("www-authenticate")).toBe("Bearer");
      expect(content.problems).toMatchObject([{ field: "authorization", value: null }]);
    },
  );

  test("name each field that is wrong, its value and the remedy", async () => {
    const { server, ask } = await serve();
    await using _server = server;
    expect(await ask("/things/box", post('{"size": 12, "color": "red"}'))).toMatchObject({
      status: 400,
      content: {
        problems: [
          { field: "size", value: 12, problem: "it must be at most 9" },
          { field: "color", problem: "there is no such key; did you mean colour?" },
        ],
      },
    });
    expect(await ask("/things/box", post('{"size": 0}'))).toMatchObject({
      status: 409,
      content: {
        problems: [{ field: "size", value: 0, problem: "it is none", remedy: "Take more." }],
      },
    });
  });

  test.each([
    [400, "body", post("{")],
    [413, "body", post(JSON.stringify({ size: 1, colour: "x".repeat(70_000) }))],
    [415, "content-type", post('{"size": 3}', { "content-type": "text/plain" })],
    [405, "method", { method: "DELETE" }],
  ])("answer %d for what they cannot take", async (expected, field, init) => {
    const { server, ask } = await serve();
    await using _server = server;
    const { status, content } = await ask("/things/box", init);
    expect(status).toBe(expected);
    expect(content.problems).toMatchObject([{ field }]);
  });
});
