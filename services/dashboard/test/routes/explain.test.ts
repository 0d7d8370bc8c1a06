import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { START_US } from "@weir/testkit";
import { explanations } from "../../src/contract/series.ts";
import type { Api } from "../../src/http/server.ts";
import { explainRoutes } from "../../src/routes/explain.ts";
import { serverFor } from "../fixture.ts";
import { RecordedHome } from "../recorded-home.ts";

let home: RecordedHome;
let server: Api;

beforeAll(async () => {
  home = new RecordedHome();
  await home.append(
    { second: 0, payload: { temperature: 20, note: "<b>warm</b>" } },
    { second: 1, payload: { temperature: 21 } },
    { second: 2, topic: "zigbee2mqtt/bytes", payload: Buffer.from([0xff, 0xfe, 0x00]) },
    { second: 3, topic: "zigbee2mqtt/long", payload: Buffer.from(`${"a".repeat(65_535)}äöü`) },
  );
  server = await serverFor((api) => explainRoutes(api, home));
});

afterAll(async () => {
  await server.close();
  home[Symbol.dispose]();
});

async function explained(topic: string, count = 10) {
  const url = `/api/v1/explain?topic=${encodeURIComponent(topic)}&count=${count}`;
  return explanations.parse((await server.inject(url)).json()).payloads;
}

describe("explain", () => {
  test("shows the newest payloads first, with their points and what was ignored", async () => {
    const [newest, before, ...others] = await explained("zigbee2mqtt/kitchen");
    expect(others).toEqual([]);
    expect(newest).toMatchObject({
      stream: "home",
      receivedMs: START_US / 1_000 + 1_000,
      timeSource: "reception",
      family: "zigbee2mqtt",
      payload: '{"temperature":21}',
      points: [
        { series: "home:zigbee2mqtt/kitchen#temperature", value: 21, unit: "°C", kind: "gauge" },
      ],
    });
    expect(before?.ignored).toEqual([expect.objectContaining({ path: "note" })]);
    expect(await explained("zigbee2mqtt/kitchen", 1)).toEqual([newest]);
  });

  test("shows text only where it is UTF-8, cut between two characters", async () => {
    const [bytes] = await explained("zigbee2mqtt/bytes");
    expect(bytes).toMatchObject({ bytes: 3, payload: null });
    const [long] = await explained("zigbee2mqtt/long");
    expect(long).toMatchObject({ bytes: 65_541, payload: "a".repeat(65_535) });
  });

  test("knows nothing of a topic that never came, and refuses what is none", async () => {
    expect(await explained("zigbee2mqtt/attic")).toEqual([]);
    const response = await server.inject("/api/v1/explain?topic=a%23");
    expect([response.statusCode, response.json().problems[0].field]).toEqual([400, "topic"]);
  });
});
