import { once } from "node:events";
import { truncateSync } from "node:fs";
import { request } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { createTestContext, eventually, overwrite, START_US } from "@weir/testkit";
import { parquetReadObjects } from "hyparquet";
import type { Api } from "../../src/http/server.ts";
import { exportRoutes } from "../../src/routes/exports.ts";
import { SeriesCatalogue } from "../../src/sources/catalogue-cache.ts";
import { Exports } from "../../src/sources/exports.ts";
import { serverFor } from "../fixture.ts";
import { RecordedHome } from "../recorded-home.ts";

const span = `fromMs=${START_US / 1_000}&toMs=${START_US / 1_000 + 3_600_000}`;

let home: RecordedHome;
let server: Api;

beforeEach(async () => {
  home = new RecordedHome();
  const context = createTestContext(home.clock);
  const catalogue = new SeriesCatalogue(home.indexFile, context);
  const exports = new Exports({ ...context, ...home, catalogue });
  server = await serverFor((api) => exportRoutes(api, exports), context);
});

afterEach(async () => {
  await server.close();
  home[Symbol.dispose]();
});

const points = (query: string) =>
  server.inject(`/api/v1/exports/points?series=zigbee2mqtt/kitchen%23temperature&${span}&${query}`);
const rows = (query: string) => server.inject(`/api/v1/exports/rows?stream=home&${span}&${query}`);

describe("exports of points", () => {
  test("are CSV, JSON lines or Parquet", async () => {
    await home.append(
      { second: 0, payload: { temperature: 20 } },
      { second: 1, payload: { temperature: 21 } },
      { second: 7_200, payload: { temperature: 22 } },
    );
    const csv = await points("format=csv");
    expect(csv.headers).toMatchObject({
      "content-type": "text/csv; charset=utf-8; header=present",
      "content-disposition":
        'attachment; filename="weir-zigbee2mqtt-kitchen-temperature-20260101T000000Z-20260101T010000Z.csv"',
    });
    expect(csv.body).toBe(
      "time,series,value,unit\r\n" +
        "2026-01-01T00:00:00.000000Z,home:zigbee2mqtt/kitchen#temperature,20,°C\r\n" +
        "2026-01-01T00:00:01.000000Z,home:zigbee2mqtt/kitchen#temperature,21,°C\r\n",
    );
    const lines = (await points("format=jsonl")).body.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line).value)).toEqual([20, 21]);
    const { buffer, byteOffset, length } = (await points("format=parquet")).rawPayload;
    const file = buffer.slice(byteOffset, byteOffset + length) as ArrayBuffer;
    const table = await parquetReadObjects({ file });
    expect(table).toEqual([
      expect.objectContaining({ value: 20 }),
      expect.objectContaining({ value: 21 }),
    ]);
  });

  test("name what is wrong before anything is sent", async () => {
    await home.append({ second: 0, payload: { temperature: 20 } });
    const unknown = await server.inject(`/api/v1/exports/points?series=home:a&${span}`);
    expect([unknown.statusCode, unknown.json().problems[0].field]).toEqual([404, "series"]);
    const swapped = await points("toMs=1");
    expect(swapped.statusCode).toBe(400);
    expect(swapped.headers["content-disposition"]).toBeUndefined();
  });
});

describe("exports of rows", () => {
  test("have the messages of a topic filter, as they were stored", async () => {
    await home.append(
      { second: 0, topic: "zigbee2mqtt/a", payload: Buffer.from('say "x", y') },
      { second: 1, topic: "zigbee2mqtt/b", payload: Buffer.from("=1+1") },
    );
    const csv = (await rows("filter=zigbee2mqtt/a")).body.split("\r\n");
    expect(csv).toHaveLength(3);
    expect(csv[1]).toContain(',zigbee2mqtt/a,"say ""x"", y",utf-8,');
    const lines = (await rows("format=jsonl")).body.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line).payload)).toEqual(['say "x", y', "=1+1"]);
    expect((await rows("filter=%23")).body).toContain(",=1+1,");
    expect((await rows("forSpreadsheet=true")).body).toContain(",'=1+1,");
    const unknown = await server.inject(`/api/v1/exports/rows?stream=../etc&${span}`);
    expect([unknown.statusCode, unknown.json().problems[0].value]).toEqual([404, "../etc"]);
  });

  test("have a file name without anything that a header or a path would take for its own", async () => {
    const topic = 'zigbee2mqtt/../"; filename*=x/ü';
    await home.append({ second: 0, topic, payload: { temperature: 20 } });
    const series = encodeURIComponent(`home:${topic}#temperature`);
    const { headers } = await server.inject(`/api/v1/exports/points?series=${series}&${span}`);
    expect(headers["content-disposition"]).toMatch(/^attachment; filename="[A-Za-z0-9.-]+\.csv"$/);
  });
});

/** Asks over a real connection. */
async function over(query: string) {
  if (!server.server.listening) await server.listen({ port: 0, host: "127.0.0.1" });
  const { port } = server.server.address() as AddressInfo;
  return `http://127.0.0.1:${port}/api/v1/exports/rows?stream=home&${span}&${query}`;
}

/** Messages that no buffer on the way holds. */
async function appendMuch(second: number): Promise<void> {
  for (let at = 0; at < 8; at += 1) {
    const payload = Buffer.alloc(4 * 1024 * 1024, "a");
    await home.append({ second: second + at, topic: "zigbee2mqtt/big", payload });
  }
}

describe("exports that do not get to their end", () => {
  test("break the connection off at what is damaged, unless it is to be left out", async () => {
    await appendMuch(0);
    home.rotate();
    await home.append({ second: 100, payload: { temperature: 20 } });
    const [, second] = home.segmentFiles();
    truncateSync(`${second}-wal`);
    overwrite(second as string, 0, 4_096);

    const broken = await fetch(await over("format=jsonl"));
    expect(broken.status).toBe(200);
    await expect(broken.text()).rejects.toThrow("terminated");

    const rest = await fetch(await over("format=jsonl&skipUnreadable=true"));
    expect((await rest.text()).trimEnd().split("\n")).toHaveLength(8);
  });

  test("give their places to those who wait, when their clients leave", async () => {
    await appendMuch(0);
    const url = await over("format=csv");
    const stuck = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const asked = request(url).end();
        const [response] = await once(asked, "response");
        response.pause();
        asked.on("error", () => {});
        return asked;
      }),
    );
    const waiting = Array.from({ length: 10 }, () => fetch(`${url}&filter=none`));
    const refused = await eventually(async () => {
      const response = await fetch(`${url}&filter=none`, { signal: AbortSignal.timeout(500) });
      return response.status === 503 ? response : null;
    });
    expect(refused.headers.get("retry-after")).toBe("5");
    expect(await refused.json()).toEqual({
      problems: [expect.objectContaining({ problem: "too many exports wait already" })],
    });
    for (const asked of stuck) asked.destroy();
    const done = await Promise.all(waiting);
    expect(done.map(({ status }) => status)).toEqual(Array(10).fill(200));
  });
});
