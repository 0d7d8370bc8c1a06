import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { deletionsFileOf, writeDeletions } from "@weir/store";
import { createTestContext, START_US } from "@weir/testkit";
import { decodePositions } from "../../src/contract/positions.ts";
import { history } from "../../src/contract/series.ts";
import type { Api } from "../../src/http/server.ts";
import { historyRoutes } from "../../src/routes/history.ts";
import { SeriesCatalogue } from "../../src/sources/catalogue-cache.ts";
import { HistoryAnswers } from "../../src/sources/history-answers.ts";
import { catalogueMessage, serverFor } from "../fixture.ts";
import { RecordedHome } from "../recorded-home.ts";

const START_MS = START_US / 1_000;
const temperature = "home:zigbee2mqtt/kitchen#temperature";
const humidity = "home:zigbee2mqtt/kitchen#humidity";

let home: RecordedHome;
let server: Api;

beforeAll(async () => {
  home = new RecordedHome();
  await home.append(
    { second: 0, payload: { temperature: 20, humidity: 40 } },
    { second: 30, payload: { temperature: 22, humidity: 41 } },
    { second: 130, payload: { temperature: 18, humidity: 42 } },
  );
  catalogueMessage(home.indexFile, 1, { stream: "gone", topic: "a", payload: { b: 1 } });
  const context = createTestContext(home.clock);
  const catalogue = new SeriesCatalogue(home.indexFile, context);
  server = await serverFor(
    (api) => historyRoutes(api, new HistoryAnswers({ ...home, catalogue, clock: home.clock })),
    context,
  );
});

afterAll(async () => {
  await server.close();
  home[Symbol.dispose]();
});

const ask = (query: Record<string, string | number | string[]>) => {
  const parameters = Object.entries(query).flatMap(([key, value]) =>
    [value].flat().map((one) => [key, String(one)]),
  );
  return server.inject(`/api/v1/history?${new URLSearchParams(parameters)}`);
};
const span = { fromMs: START_MS, toMs: START_MS + 180_000, buckets: 3 };

describe("history", () => {
  test("comes in columns with a place behind its last row, as the document says", async () => {
    const response = await ask({ ...span, series: [temperature, humidity] });
    expect(response.headers["content-type"]).toMatch(/^application\/json/);
    const answer = history.parse(response.json());
    expect(answer).toMatchObject({ step: "1m", skipped: [] });
    expect(answer.edgesMs).toEqual([0, 1, 2, 3].map((minute) => START_MS + minute * 60_000));
    expect(answer.series.map((one) => one.series.series)).toEqual([temperature, humidity]);
    expect(answer.series[0]).toMatchObject({
      count: [2, 0, 1],
      min: [20, null, 18],
      max: [22, null, 18],
      average: [21, null, 18],
      last: [22, null, 18],
      lastMs: [START_MS + 30_000, null, START_MS + 130_000],
      increase: [null, null, null],
    });
    const through = decodePositions(answer.through);
    expect(through?.get("home")).toMatchObject({ id: 3 });
    expect(through?.size).toBe(1);
  });

  test("goes until now where no end is given", async () => {
    const answer = history.parse(
      (await ask({ fromMs: START_MS, buckets: 60, series: temperature })).json(),
    );
    expect(answer.edgesMs).toHaveLength(61);
    expect(answer.edgesMs.at(-1)).toBe(home.clock.now());
  });

  test("names each field that is wrong", async () => {
    const refused = async (query: Parameters<typeof ask>[0]) => {
      const response = await ask(query);
      const problems = response.json().problems as { field: string; value: unknown }[];
      return [response.statusCode, ...problems.map(({ field, value }) => [field, value])];
    };
    const wrong = { ...span, series: temperature, timeZone: "Europe/Berln", toMs: START_MS };
    expect(await refused(wrong)).toEqual([400, ["timeZone", "Europe/Berln"], ["toMs", START_MS]]);
    expect(await refused({ ...span, series: ["home:a", "home:b"] })).toEqual([
      404,
      ["series", "home:a"],
      ["series", "home:b"],
    ]);
    const many = Array.from({ length: 100 }, (_, at) => `home:zigbee2mqtt/kitche#v${at}`);
    expect(await refused({ ...span, series: many })).toEqual([
      404,
      ...many.slice(0, 3).map((name) => ["series", name]),
    ]);
    expect(await refused({ ...span, series: "gone:a#b" })).toEqual([400, ["series", "gone:a#b"]]);
    expect(await refused({ ...span, buckets: 5_001, series: temperature })).toEqual([
      400,
      ["buckets", "5001"],
    ]);
    const names = Array.from({ length: 11 }, (_, at) => `zigbee2mqtt/kitchen#v${at}`);
    const payload = Object.fromEntries(names.map((_, at) => [`v${at}`, at]));
    await home.append({ second: 200, payload });
    home.clock.advance(1_000);
    expect(await refused({ ...span, buckets: 5_000, series: names })).toEqual([
      400,
      ["buckets", 5_000],
    ]);
  });

  test("is as it was for a second, but what was deleted is gone at once", async () => {
    const asked = { fromMs: START_MS, toMs: START_MS + 3_600_000, buckets: 1, series: temperature };
    const countNow = async () => history.parse((await ask(asked)).json()).series[0]?.count[0];
    const before = await countNow();
    await home.append({ second: 300, payload: { temperature: 19 } });
    expect(await countNow()).toBe(before);
    writeDeletions(deletionsFileOf(home.indexFile), []);
    expect(await countNow()).toBe((before ?? 0) + 1);
    await home.append({ second: 301, payload: { temperature: 19 } });
    home.clock.advance(1_000);
    expect(await countNow()).toBe((before ?? 0) + 2);
  });
});
