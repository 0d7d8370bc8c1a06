import { expect, test } from "@jest/globals";
import { eventually, temporaryFolder } from "@weir/testkit";
import type { History } from "../../src/contract/series.ts";
import { catalogueMessage } from "../fixture.ts";
import { LiveClient } from "./live-client.ts";
import { LiveSubject, openHome, POWER, power } from "./live-subject.ts";

test("each reading is in the history or in the stream that goes on behind it, once", async () => {
  using folder = temporaryFolder();
  const beganMs = Date.now();
  const known = { topic: "meter", payload: { power: 1 }, receivedUs: beganMs * 1_000 };
  catalogueMessage(folder.file("index.db"), 0, known);
  await using subject = await LiveSubject.start(folder);
  const askHistory = async (): Promise<{ counted: number; through: string }> => {
    const query = new URLSearchParams({ series: POWER, fromMs: `${beganMs}`, buckets: "1" });
    const response = await fetch(`${subject.address}/api/v1/history?${query}`);
    const { series, through } = (await response.json()) as History;
    const counts = series.flatMap(({ count }) => count);
    return { counted: counts.reduce((sum, count) => sum + count, 0), through };
  };
  await using clients = new AsyncDisposableStack();
  const pages: { counted: number; client: LiveClient }[] = [];
  const open = async ({ counted, through }: Awaited<ReturnType<typeof askHistory>>) => {
    const query = { series: POWER, after: through };
    pages.push({ counted, client: clients.use(await LiveClient.open(subject.address, query)) });
  };

  // Not even the folder is there.
  await open(await askHistory());
  using store = openHome(folder);
  let stored = 0;
  const append = (rows: number): void => {
    const receivedUs = Date.now() * 1_000;
    store.append(Array.from({ length: rows }, () => ({ ...power(1), receivedUs })));
    stored += rows;
  };
  for (let page = 0; page < 8; page += 1) {
    append(100);
    const asking = askHistory();
    append(100);
    const history = await asking;
    append(100);
    if (page % 3 === 2) store.rotate(Date.now() * 1_000);
    await open(history);
  }
  append(1);
  for (const { counted, client } of pages) {
    await eventually(() => counted + client.values().length >= stored);
  }
  append(1);
  for (const { counted, client } of pages) {
    await eventually(() => counted + client.values().length >= stored);
    expect(counted + client.values().length).toBe(stored);
    expect(client.of("reset")).toEqual([]);
  }
  expect(pages.some(({ counted }) => counted > 0)).toBe(true);
});
