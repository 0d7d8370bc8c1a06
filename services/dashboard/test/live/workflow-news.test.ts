import { writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import type { News } from "@weir/flows/contract";
import { Health, Registry, Routes, startHttpServer } from "@weir/runtime";
import {
  createFakeClock,
  createTestContext,
  eventually,
  freePort,
  type TemporaryFolder,
  temporaryFolder,
} from "@weir/testkit";
import { WorkflowNews } from "../../src/sources/workflow-news.ts";
import { WorkflowsClient } from "../../src/sources/workflows-client.ts";
import { LiveClient } from "./live-client.ts";
import { LiveSubject } from "./live-subject.ts";

const TOKEN = "a-token-of-the-test";
const NO_ALERTS = { info: 0, warning: 0, critical: 0 };
const ONE_ALERT = { ...NO_ALERTS, critical: 1 };

/** What answers as the service workflows does: with each news once. */
async function startService(port: number) {
  const routes = new Routes();
  const asked: { number: string; answer: (news: News) => void; isGone: () => boolean }[] = [];
  routes.add(TOKEN, {
    method: "GET",
    path: "/news/:number",
    body: null,
    answer: async ({ parameters: { number = "" }, signal }) => {
      const { promise, resolve } = Promise.withResolvers<News>();
      asked.push({ number, answer: resolve, isGone: () => signal.aborted });
      return { content: await promise };
    },
  });
  const server = await startHttpServer({
    host: "127.0.0.1",
    port,
    health: new Health(),
    metrics: new Registry(),
    routes,
    portSetting: "TEST_HTTP_PORT",
  });
  return { asked, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

function newsOf(folder: TemporaryFolder, port: number) {
  const tokenFile = folder.file("token");
  writeFileSync(tokenFile, TOKEN);
  const url = `http://127.0.0.1:${port}`;
  const client = new WorkflowsClient({ service: "workflows", url, tokenFile, entitlesTo: "" });
  const clock = createFakeClock();
  return { clock, workflows: new WorkflowNews(client, createTestContext(clock)) };
}

test("pages hear of alerts and workflows while one is open, and nothing is asked before or after", async () => {
  using folder = temporaryFolder();
  const port = await freePort();
  await using service = await startService(port);
  await using subject = await LiveSubject.start(folder, newsOf(folder, port));
  const next = () => eventually(() => service.asked.shift());
  const last = await (async () => {
    await using page = await LiveClient.open(subject.address, {});
    await using other = await LiveClient.open(subject.address, {});
    const first = await next();
    expect(first.number).toBe("0");
    first.answer({ number: 7, flows: [], alertsChanged: false, open: NO_ALERTS });
    const second = await next();
    expect(second.number).toBe("7");
    second.answer({ number: 8, flows: ["freezer"], alertsChanged: true, open: ONE_ALERT });
    for (const one of [page, other]) {
      await eventually(() => one.of("workflows").length === 1);
      expect(one.of("workflows")).toEqual([{ flows: ["freezer"] }]);
      expect(one.of("alerts")).toEqual([null, NO_ALERTS, ONE_ALERT].map((open) => ({ open })));
    }
    return await next();
  })();
  await eventually(last.isGone);
  expect(service.asked).toEqual([]);

  await using back = await LiveClient.open(subject.address, {});
  await eventually(() => back.of("alerts").length === 1);
  expect(back.of("alerts")).toEqual([{ open: ONE_ALERT }]);
  expect((await next()).number).toBe("8");
});

test("pages hear that the service is away, and that it is back", async () => {
  using folder = temporaryFolder();
  const port = await freePort();
  const { clock, workflows } = newsOf(folder, port);
  await using subject = await LiveSubject.start(folder, { workflows });
  await using page = await LiveClient.open(subject.address, {});
  const answer = { number: 7, flows: [], alertsChanged: false, open: ONE_ALERT };
  const next = async (service: Awaited<ReturnType<typeof startService>>) =>
    await eventually(() => {
      clock.advance(5_000);
      return service.asked.shift();
    });
  {
    await using service = await startService(port);
    (await next(service)).answer(answer);
    await eventually(() => page.of("alerts").at(-1)?.open !== null);
  }
  await eventually(() => page.of("alerts").at(-1)?.open === null);
  await using service = await startService(port);
  (await next(service)).answer(answer);
  await eventually(() => page.of("alerts").at(-1)?.open !== null);
  expect(page.of("alerts")).toEqual([null, ONE_ALERT, null, ONE_ALERT].map((open) => ({ open })));
});
