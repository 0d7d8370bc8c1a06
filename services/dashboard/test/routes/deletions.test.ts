import { writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { eventually, freePort, readingNow, temporaryFolder } from "@weir/testkit";
import { deletion, deletionPreview, deletions } from "../../src/contract/deletions.ts";
import { deletionRoutes } from "../../src/routes/deletions.ts";
import { LoggerDeletions } from "../../src/sources/logger-deletions.ts";
import { serverFor } from "../fixture.ts";
import { startRunningLogger } from "../running-logger.ts";

const everything = () => ({
  stream: "data",
  filters: ["DATA"],
  fromMs: 0,
  toMs: Date.now() + 86_400_000,
});

describe("deletions", () => {
  test("are previewed, carried out by the logger, listed and undone", async () => {
    using folder = temporaryFolder();
    await using logger = await startRunningLogger(folder);
    const server = await serverFor((api) =>
      deletionRoutes(api, new LoggerDeletions(logger.address)),
    );
    const post = async (path: string, payload?: object) => {
      const response = await server.inject({
        method: "POST",
        url: `/api/v1/deletions${path}`,
        ...(payload && { payload }),
      });
      return { status: response.statusCode, content: response.json() };
    };
    const newest = async () =>
      deletions.parse((await server.inject("/api/v1/deletions")).json()).deletions[0];
    const beganMs = Date.now();
    for (const number of [1, 2, 3]) {
      await logger.client.publish("DATA", JSON.stringify(readingNow(number)), { qos: 1 });
    }
    const preview = await eventually(async () => {
      const { content } = await post("/preview", everything());
      return content.rows === 3 ? deletionPreview.parse(content) : null;
    });
    expect(preview).toMatchObject({ topicCount: 1, topics: [{ topic: "DATA", rows: 3 }] });
    expect(preview.firstMs).toBeGreaterThanOrEqual(beganMs);
    expect(preview.lastMs).toBeLessThanOrEqual(Date.now());
    expect(await newest()).toBeUndefined();

    const asked = everything();
    const { status, content } = await post("", asked);
    expect(status).toBe(202);
    expect(deletion.parse(content)).toMatchObject(asked);
    await eventually(async () => (await newest())?.state === "hidden");
    const hidden = await newest();
    expect(hidden).toMatchObject({ hiddenRows: 3, problem: null });
    expect(hidden?.undoUntilMs).toBeGreaterThan(Date.now());

    expect((await post(`/${content.id}/undo`)).status).toBe(202);
    await eventually(async () => (await newest())?.state === "undone");
    expect(await newest()).toMatchObject({ restoredRows: 3 });
    await server.close();
  });

  test("pass on what the logger refuses, with the names of the API's fields", async () => {
    using folder = temporaryFolder();
    await using logger = await startRunningLogger(folder);
    const server = await serverFor((api) =>
      deletionRoutes(api, new LoggerDeletions(logger.address)),
    );
    const problemsOf = async (url: string, payload?: object) => {
      const response = await server.inject({ method: "POST", url, ...(payload && { payload }) });
      return [response.statusCode, response.json().problems];
    };
    const wrong = (change: object) =>
      problemsOf("/api/v1/deletions", { ...everything(), ...change });
    expect(await wrong({ stream: "date" })).toEqual([
      400,
      [
        expect.objectContaining({
          field: "stream",
          value: "date",
          problem: "there is no such stream",
        }),
      ],
    ]);
    expect(await wrong({ fromMs: 2_000, toMs: 1_000 })).toEqual([
      400,
      [expect.objectContaining({ field: "toMs" })],
    ]);
    expect(await wrong({ filters: ["a/#/b"] })).toEqual([
      400,
      [expect.objectContaining({ field: "filters.0" })],
    ]);
    expect(await wrong({ filters: [] })).toEqual([
      400,
      [expect.objectContaining({ field: "filters" })],
    ]);
    expect(await problemsOf("/api/v1/deletions/none/undo")).toEqual([
      404,
      [expect.objectContaining({ field: "id", value: "none" })],
    ]);
    await server.close();
  });

  test("say that nothing was deleted when the logger is away, or takes another token", async () => {
    using folder = temporaryFolder();
    const tokenFile = folder.file("deletions.token");
    const about = { service: "logger", entitlesTo: "delete data", tokenFile };
    const away = new LoggerDeletions({ ...about, url: `http://127.0.0.1:${await freePort()}` });
    const refused = async (logger: LoggerDeletions) => {
      const server = await serverFor((api) => deletionRoutes(api, logger));
      const response = await server.inject({
        method: "POST",
        url: "/api/v1/deletions",
        payload: everything(),
      });
      await server.close();
      return [response.statusCode, response.json().problems];
    };
    const problem = (words: string) => [
      503,
      [
        expect.objectContaining({
          problem: expect.stringContaining(words),
          remedy: expect.stringContaining("Nothing was deleted."),
        }),
      ],
    ];
    expect(await refused(away)).toEqual(problem("deletions.token cannot be read"));
    writeFileSync(tokenFile, "a".repeat(64));
    expect(await refused(away)).toEqual(problem("the logger does not answer"));

    using another = temporaryFolder();
    await using logger = await startRunningLogger(another);
    expect(await refused(new LoggerDeletions({ ...about, url: logger.address.url }))).toEqual(
      problem("does not take the token"),
    );
  });
});
