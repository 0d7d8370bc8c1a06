import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type TemporaryFolder, temporaryFolder } from "@weir/testkit";
import { series, seriesPage } from "../../src/contract/series.ts";
import type { Api } from "../../src/http/server.ts";
import { seriesRoutes } from "../../src/routes/series.ts";
import { SeriesCatalogue } from "../../src/sources/catalogue-cache.ts";
import { catalogueMessage, serverFor } from "../fixture.ts";

let folder: TemporaryFolder;
let server: Api;

beforeAll(async () => {
  folder = temporaryFolder();
  const indexFile = folder.file("index.db");
  const kitchen = { topic: "zigbee2mqtt/kitchen", payload: { temperature: 21, humidity: 40 } };
  catalogueMessage(indexFile, 1, kitchen);
  catalogueMessage(indexFile, 2, { topic: "tele/plug/SENSOR", payload: { ENERGY: { Power: 80 } } });
  catalogueMessage(indexFile, 3, { ...kitchen, stream: "copy" });
  server = await serverFor((api, context) =>
    seriesRoutes(api, new SeriesCatalogue(indexFile, context)),
  );
});

afterAll(async () => {
  await server.close();
  folder[Symbol.dispose]();
});

async function found(query: string) {
  const response = await server.inject(`/api/v1/series?${query}`);
  expect(response.statusCode).toBe(200);
  const page = seriesPage.parse(response.json());
  return { total: page.total, names: page.series.map((one) => one.series) };
}

describe("series", () => {
  test("are found by words, kind, stream, device and topic filter", async () => {
    expect(await found("text=KITCHEN+temp&stream=home")).toEqual({
      total: 1,
      names: ["home:zigbee2mqtt/kitchen#temperature"],
    });
    const plug = { total: 1, names: ["home:tele/plug/SENSOR#ENERGY.Power"] };
    expect(await found("filter=tele/%2B/SENSOR")).toEqual(plug);
    expect(await found("text=power")).toEqual(plug);
    expect((await found("device=copy:zigbee2mqtt/kitchen")).total).toBe(2);
    expect((await found("kind=counter")).total).toBe(0);
  });

  test("come in pages", async () => {
    const all = await found("");
    expect(all.total).toBe(5);
    const second = await found("offset=2&limit=2");
    expect(second).toEqual({ total: 5, names: all.names.slice(2, 4) });
    expect(await found("offset=10")).toEqual({ total: 5, names: [] });
  });

  test("answer one by its name, with or without the stream where that is enough", async () => {
    const at = (name: string) => server.inject(`/api/v1/series/${encodeURIComponent(name)}`);
    const full = await at("home:zigbee2mqtt/kitchen#humidity");
    expect(series.parse(full.json())).toMatchObject({ newestValue: 40, unit: "%", kind: "gauge" });
    expect((await at("tele/plug/SENSOR#ENERGY.Power")).json()).toMatchObject({ stream: "home" });

    const ambiguous = await at("zigbee2mqtt/kitchen#humidity");
    expect(ambiguous.statusCode).toBe(404);
    expect(ambiguous.json().problems).toEqual([
      expect.objectContaining({
        problem: "several streams have it",
        remedy: "Name one: copy:zigbee2mqtt/kitchen#humidity, home:zigbee2mqtt/kitchen#humidity.",
      }),
    ]);
    const wrong = await at("home:zigbee2mqtt/kitchen#temprature");
    expect(wrong.statusCode).toBe(404);
    expect(wrong.json().problems).toEqual([
      expect.objectContaining({
        field: "series",
        value: "home:zigbee2mqtt/kitchen#temprature",
        problem: expect.stringContaining("did you mean temperature?"),
      }),
    ]);
  });

  test.each([
    ["filter=a/%23/b", "filter"],
    ["limit=0", "limit"],
    ["kind=flow", "kind"],
    ["colour=red", "colour"],
  ])("refuse %s, and say which field is wrong", async (query, field) => {
    const response = await server.inject(`/api/v1/series?${query}`);
    expect(response.statusCode).toBe(400);
    expect(response.json().problems).toEqual([expect.objectContaining({ field })]);
  });
});
