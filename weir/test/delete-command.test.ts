import { writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { readLoggerConfig } from "@weir/logger/config";
import { startLogger } from "@weir/logger/logger";
import { type Environment, startHttpServer } from "@weir/runtime";
import { readRange } from "@weir/store";
import {
  connectTestClient,
  createTestContext,
  eventually,
  NOTHING_CONFIGURED,
  type TemporaryFolder,
  temporaryFolder,
} from "@weir/testkit";
import { startHere } from "./fixture.ts";
import { PLUG, storePlug } from "./plug.ts";

/** A logger with the readings 1 to 3 in its stream `data`, and the environment of who is beside it. */
async function startAll(folder: TemporaryFolder) {
  const stack = new AsyncDisposableStack();
  const broker = stack.use(await startBroker());
  const file = folder.file("weir.db");
  const environment: Environment = {
    DB_FILE: file,
    WEIR_FILE: NOTHING_CONFIGURED,
    BROKER: `127.0.0.1:${broker.port}`,
  };
  const context = createTestContext();
  stack.use(await startLogger(readLoggerConfig(environment), context));
  await eventually(() => context.health.report().ready);
  const client = stack.use(await connectTestClient(broker.port));
  for (const number of [1, 2, 3]) {
    await client.publish("DATA", JSON.stringify({ number }), { qos: 1 });
  }
  const stored = async (): Promise<number> => {
    const pages = await Array.fromAsync(readRange({ kind: "file", file }));
    return pages.flatMap(({ messages }) => messages).length;
  };
  await eventually(async () => (await stored()) === 3);
  const listening = { host: "127.0.0.1", port: 0, portSetting: "" };
  const { port } = stack.use(await startHttpServer({ ...context, ...listening }));
  const beside = { ...environment, LOGGER_URL: `http://127.0.0.1:${port}` };
  const run = async (...argv: string[]) =>
    await startHere(["delete", ...argv], { environment: beside }).ended;
  return { run, stored, environment, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const ALL = ["data", "--topic", "DATA", "--from", "2026-01-01"];

describe("weir delete", () => {
  test("shows what it would delete, and deletes nothing", async () => {
    using folder = temporaryFolder();
    await using beside = await startAll(folder);
    const { code, out, err } = await beside.run(...ALL);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("3 rows of 1 topic, 36 bytes of payloads, received from 20");
    expect(out).toMatch(/^DATA +3$/m);
    expect(out).toContain("Nothing has been deleted. Add --yes to do it");
    expect(await beside.stored()).toBe(3);
  });

  test("deletes with --yes, lists it, and brings it back", async () => {
    using folder = temporaryFolder();
    await using beside = await startAll(folder);
    const deleted = await beside.run(...ALL, "--yes");
    expect(deleted.code).toBe(0);
    const [, id = ""] = /^3 rows are hidden\. weir delete --undo (\w+) /.exec(deleted.out) ?? [];
    expect(await beside.stored()).toBe(0);
    expect((await beside.run("--list")).out).toMatch(
      new RegExp(`^${id} +hidden +3 +20\\S+Z +data +2026-01-01T00:00:00\\.000Z +\\S+ +DATA$`, "m"),
    );
    expect(await beside.run("--undo", id)).toEqual({ code: 0, out: "3 rows are back.\n", err: "" });
    expect(await beside.stored()).toBe(3);
    const [line = ""] = (await beside.run("--list", "--json")).out.split("\n");
    expect(JSON.parse(line)).toMatchObject({ id, state: "undone", hiddenRows: 3, restoredRows: 3 });
  });

  test("tells what the logger refuses, and what to do", async () => {
    using folder = temporaryFolder();
    await using beside = await startAll(folder);
    const { code, err } = await beside.run("dta", ...ALL.slice(1));
    expect(code).toBe(78);
    expect(err).toContain('the logger refuses: stream "dta": there is no such stream');
    expect(err).toContain("Name one of data");
    expect((await beside.run("--undo", "none")).err).toContain("there is no such deletion");
    expect((await beside.run("--undo", "none")).err).toContain("so does weir delete --list");
  });

  test("says so when there is no logger, and when there never was one", async () => {
    using folder = temporaryFolder();
    let environment: Environment = { DB_FILE: folder.file("weir.db") };
    const before = await startHere(["delete", "--list"], { environment }).ended;
    expect(before.code).toBe(69);
    expect(before.err).toContain("deletions.token cannot be read");
    {
      await using beside = await startAll(folder);
      environment = { ...beside.environment, LOGGER_URL: "http://127.0.0.1:9" };
    }
    const after = await startHere(["delete", "--list"], { environment }).ended;
    expect(after.code).toBe(69);
    expect(after.err).toContain("the logger does not answer at http://127.0.0.1:9");
  });

  test("does not take a token file that is empty for a token", async () => {
    using folder = temporaryFolder();
    await using beside = await startAll(folder);
    writeFileSync(folder.file("deletions.token"), "\n");
    const { code, err } = await beside.run("--list");
    expect(code).toBe(69);
    expect(err).toContain(`${folder.file("deletions.token")} is empty`);
    expect(err).toContain("Remove it, and start the logger again");
  });

  test("names the stream of a series that is of another one", async () => {
    using folder = temporaryFolder();
    const environment = storePlug(folder);
    const argv = ["delete", "data", "--series", `home:${PLUG}#ENERGY.Power`, "--from", "-1h"];
    const { code, err } = await startHere(argv, { environment }).ended;
    expect(code).toBe(78);
    expect(err).toContain(`--series "home:${PLUG}#ENERGY.Power" is of the stream home`);
  });

  test.each([
    [["data", "--topic", "DATA"], "--from is missing: a deletion has a beginning"],
    [["data", "--from", "-1h"], "nothing is named"],
    [["data", "--topic", "a/#/b", "--from", "-1h"], '--topic: "a/#/b" is not allowed'],
    [["data", "--topic", "a", "--from", "-1h", "--to", "-2h"], "is not before"],
    [["--topic", "a", "--from", "-1h"], "no stream is named"],
    [["data", "--list"], "--list and --undo stand alone"],
  ])("refuses %j", async (argv, expected) => {
    const { code, err } = await startHere(["delete", ...argv]).ended;
    expect(code).toBe(78);
    expect(err).toContain(expected);
  });
});
