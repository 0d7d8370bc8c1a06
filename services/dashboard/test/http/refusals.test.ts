import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { type Logger, RequestFault } from "@weir/runtime";
import { createTestContext } from "@weir/testkit";
import { z } from "zod";
import { problems } from "../../src/contract/problems.ts";
import { type Api, buildServer } from "../../src/http/server.ts";

let api: Api;
let address: string;
let logged: jest.SpiedFunction<Logger["error"]>;

beforeAll(async () => {
  const { logger } = createTestContext();
  logger.level = "error";
  logged = jest.spyOn(logger, "error").mockReturnValue(undefined);
  api = await buildServer(logger, "0.0.0");
  const full = { field: "live", value: null, problem: "it is full", remedy: "Ask again." };
  api.get("/api/v1/full", () => {
    throw new RequestFault(503, [full]);
  });
  const body = z.strictObject({ name: z.string().max(5), password: z.string().max(5) });
  const querystring = z.strictObject({
    limit: z.coerce.number().int().max(500).default(1),
    series: z.preprocess((given) => [given].flat(), z.array(z.string().max(5))).default([]),
  });
  api.post("/api/v1/things", { schema: { body } }, () => ({}));
  api.get("/api/v1/things/:id", { schema: { querystring } }, () => ({}));
  address = await api.listen({ host: "127.0.0.1", port: 0 });
});
afterAll(() => api.close());

/** Says something to the server, and takes its answer until it ends the connection. */
async function say(said: string) {
  const { port, hostname } = new URL(address);
  const socket = connect(Number(port), hostname);
  socket.write(said);
  const [head = "", body = ""] = (await text(socket)).split("\r\n\r\n");
  return {
    status: Number(head.split(" ")[1]),
    problems: problems.parse(JSON.parse(body)).problems,
  };
}

async function get(path: string) {
  const answer = await fetch(`${address}/api/v1/things/${path}`);
  return { status: answer.status, problems: problems.parse(await answer.json()).problems };
}

async function post(body: string, type: string) {
  const headers = { "content-type": type };
  const answer = await fetch(`${address}/api/v1/things`, { method: "POST", headers, body });
  return { status: answer.status, problems: problems.parse(await answer.json()).problems };
}

test("names the parameter, what was given, and what it must be", async () => {
  const { status, problems } = await get("a?limit=many&series=too-long&limits=3");
  expect(status).toBe(400);
  expect(problems.map(({ field, value, problem }) => [field, value, problem])).toEqual([
    ["limit", "many", "it must be a number"],
    ["series.0", "too-long", "it must have at most 5 characters"],
    ["limits", "3", "there is no such key; did you mean limit?"],
  ]);
});

test("names the query where a key has no name", async () => {
  expect(await get("a?=3")).toMatchObject({ status: 400, problems: [{ field: "query" }] });
});

test("does not give a password back", async () => {
  const { status, problems } = await post(
    '{"name":"abcdef","password":"abcdef"}',
    "application/json",
  );
  expect(status).toBe(400);
  expect(problems.map(({ field, value }) => [field, value])).toEqual([
    ["name", "abcdef"],
    ["password", null],
  ]);
});

test.each([
  ["{", "application/json", 400, "body", "it is not JSON"],
  ['{"__proto__": {"a": 1}}', "application/json", 400, "body", "it is not JSON"],
  ["", "application/json", 400, "body", "it is empty, and content-type says JSON"],
  ["x".repeat(70_000), "application/json", 413, "body", "it has more bytes than are read"],
  ["<a/>", "application/xml", 415, "content-type", "a body of this type is not read here"],
])("says in words what is wrong with a body", async (body, type, status, field, problem) => {
  const answer = await post(body, type);
  expect(answer).toMatchObject({ status, problems: [{ field, problem }] });
});

test.each([
  ["%zz", 400, "it is not in percent encoding"],
  ["x".repeat(5_000), 414, "a part of it is too long"],
])("says in words what is wrong with an address", async (id, status, problem) => {
  expect(await get(id)).toMatchObject({ status, problems: [{ field: "address", problem }] });
});

test.each([
  ["rubbish\r\n\r\n", 400, "request"],
  [`GET /${"x".repeat(70_000)} HTTP/1.1\r\nhost: weir\r\n\r\n`, 431, "headers"],
])(
  "answers with problems where nothing can be read, and ends the connection",
  async (said, status, field) => {
    expect(await say(said)).toMatchObject({ status, problems: [{ field }] });
  },
);

test("does not fill the log with refusals", async () => {
  const answer = await fetch(`${address}/api/v1/full`);
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "5"]);
  expect(logged).not.toHaveBeenCalled();
});
