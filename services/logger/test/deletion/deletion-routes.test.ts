import { readFileSync, statSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { startHttpServer } from "@weir/runtime";
import { openReader } from "@weir/store";
import {
  connectTestClient,
  eventually,
  type TemporaryFolder,
  temporaryFolder,
} from "@weir/testkit";
import { startReady, testConfig } from "../fixture.ts";

/** A logger that has stored readings 1 to 4 on DATA, and someone who has the token. */
async function startAll(folder: TemporaryFolder) {
  const stack = new AsyncDisposableStack();
  const broker = stack.use(await startBroker());
  const file = folder.file("weir.db");
  const { context } = stack.use(await startReady(testConfig({ file, port: broker.port })));
  const client = stack.use(await connectTestClient(broker.port));
  for (const number of [1, 2, 3, 4]) {
    const reading = { number, epochtime: Math.floor(Date.now() / 1_000) };
    await client.publish("DATA", JSON.stringify(reading), { qos: 1 });
  }
  const valuesOf = () => {
    using reader = openReader(file);
    return reader?.readAfter(0, 100).readings.map(({ value }) => value);
  };
  await eventually(() => valuesOf()?.length === 4);
  const http = stack.use(
    await startHttpServer({ ...context, host: "127.0.0.1", port: 0, portSetting: "" }),
  );
  const tokenFile = folder.file("deletions.token");
  const token = readFileSync(tokenFile, "utf8").trim();
  const ask = async (method: string, path: string, body?: object) => {
    const response = await fetch(`http://127.0.0.1:${http.port}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
    });
    // What the answers of deletions may have.
    const content = (await response.json()) as {
      id?: string;
      rows?: number;
      problems?: object[];
      deletions?: { state: string; hiddenRows: number; restoredRows: number }[];
    };
    return { status: response.status, content };
  };
  return { ask, tokenFile, valuesOf, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const ALL = {
  stream: "data",
  filters: ["DATA"],
  from: "2026-01-01T00:00:00Z",
  to: "2100-01-01T00:00:00Z",
};

describe("deletions over HTTP", () => {
  test("are previewed, asked for, listed and undone", async () => {
    using folder = temporaryFolder();
    await using logger = await startAll(folder);
    const { ask, valuesOf } = logger;
    expect(await ask("POST", "/deletions/preview", ALL)).toMatchObject({
      status: 200,
      content: { rows: 4, topicCount: 1, topics: [{ topic: "DATA", rows: 4 }] },
    });
    const { status, content } = await ask("POST", "/deletions", ALL);
    expect([status, content]).toMatchObject([202, { stream: "data", state: "hiding" }]);
    const stateOf = async () => (await ask("GET", "/deletions")).content.deletions?.at(-1);
    await eventually(async () => (await stateOf())?.state === "hidden");
    expect(await stateOf()).toMatchObject({ hiddenRows: 4, problem: null });
    expect(valuesOf()).toEqual([]);
    expect((await ask("POST", `/deletions/${content.id}/undo`)).status).toBe(202);
    await eventually(async () => (await stateOf())?.state === "undone");
    expect(await stateOf()).toMatchObject({ restoredRows: 4 });
    expect(valuesOf()).toEqual([1, 2, 3, 4]);
  });

  test("are for who can read the token file, which only its owner can", async () => {
    using folder = temporaryFolder();
    await using logger = await startAll(folder);
    expect(statSync(logger.tokenFile).mode & 0o777).toBe(0o600);
    expect(readFileSync(logger.tokenFile, "utf8")).toMatch(/^[\w-]{43}\n$/);
  });

  test.each([
    [{ stream: "dta" }, "stream", "dta", "there is no such stream"],
    [{ filters: ["a/#/b"] }, "filters.0", "a/#/b", "# may only be the last level"],
    [{ filters: [] }, "filters", [], "it must have at least 1 entries"],
    [{ from: "soon" }, "from", "soon", "it is no time: write 2026-11-27T10:00:00Z"],
    [{ to: ALL.from }, "to", ALL.from, "it is not after from"],
    [{ until: 1 }, "until", 1, "there is no such key; there are stream, filters, from, to"],
  ])("are refused with %j, naming what is wrong", async (wrong, field, value, problem) => {
    using folder = temporaryFolder();
    await using logger = await startAll(folder);
    for (const path of ["/deletions", "/deletions/preview"]) {
      const { status, content } = await logger.ask("POST", path, { ...ALL, ...wrong });
      expect(status).toBe(400);
      expect(content.problems).toMatchObject([{ field, value, problem }]);
    }
    expect((await logger.ask("GET", "/deletions")).content.deletions).toEqual([]);
  });

  test("that do not exist cannot be undone", async () => {
    using folder = temporaryFolder();
    await using logger = await startAll(folder);
    expect(await logger.ask("POST", "/deletions/0000/undo")).toMatchObject({
      status: 404,
      content: { problems: [{ field: "id", value: "0000", problem: "there is no such deletion" }] },
    });
  });
});
