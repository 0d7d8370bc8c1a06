import { type Clock, systemClock } from "@weir/runtime";
import { formatSeries, indexFileOf } from "@weir/series";
import {
  type NewRow,
  openSegmentedStore,
  type SegmentedStore,
  type StreamPlace,
} from "@weir/store";
import type { StoredStream } from "@weir/streams";
import { createTestContext, rowOf, START_US, type TemporaryFolder } from "@weir/testkit";
import { encodePositions } from "../../src/contract/positions.ts";
import type { Averages } from "../../src/contract/status.ts";
import { type Api, buildServer } from "../../src/http/server.ts";
import type { DeviceNews } from "../../src/live/device-news.ts";
import { Live, type WorkflowsSaid } from "../../src/live/live.ts";
import { StatusBoard } from "../../src/live/status-board.ts";
import { historyRoutes } from "../../src/routes/history.ts";
import { liveRoutes } from "../../src/routes/live.ts";
import { statusRoutes } from "../../src/routes/status.ts";
import { SeriesCatalogue } from "../../src/sources/catalogue-cache.ts";
import { HistoryAnswers } from "../../src/sources/history-answers.ts";

const NO_AVERAGES: Averages = {
  topic: "STATS",
  atMs: null,
  isStale: true,
  avg_1min: null,
  avg_5min: null,
  avg_30min: null,
  windows: null,
};

/** No service of workflows is there. */
export const NO_WORKFLOWS: WorkflowsSaid = {
  alerts: { open: null },
  follow: () => ({ [Symbol.dispose]: () => {} }),
};

/** A row whose only point is a number. */
export function power(value: number, topic = "meter"): NewRow {
  return jsonRow(topic, { power: value });
}

/** A row of a JSON payload that no decoder reads. */
export function jsonRow(topic: string, content: object): NewRow {
  const payload = Buffer.from(JSON.stringify(content));
  return { ...rowOf("{}"), topic, payload, value: null, observedUs: null };
}

export function numbers(from: number, through: number): number[] {
  return Array.from({ length: through - from + 1 }, (_, index) => from + index);
}

export const POWER: string = formatSeries({ stream: "home", topic: "meter", path: "power" });

export function openHome(folder: TemporaryFolder): SegmentedStore {
  const place = folder.file("home");
  const options = { synchronous: "NORMAL", ballastBytes: 0, nowUs: START_US } as const;
  return openSegmentedStore({ ...options, folder: place, stream: "home" });
}

/** The live stream and the status of a store, over HTTP. */
export class LiveSubject implements AsyncDisposable {
  readonly address: string;
  readonly live: Live;
  readonly #server: Api;

  private constructor(server: Api, live: Live, address: string) {
    this.#server = server;
    this.live = live;
    this.address = address;
  }

  static async start(
    folder: TemporaryFolder,
    {
      place = { kind: "folder", folder: folder.file("home") },
      devices = null,
      workflows = NO_WORKFLOWS,
      clock = systemClock,
      isSignedIn,
    }: {
      place?: StreamPlace;
      devices?: DeviceNews | null;
      workflows?: WorkflowsSaid;
      clock?: Clock;
      isSignedIn?: () => boolean;
    } = {},
  ): Promise<LiveSubject> {
    const context = createTestContext(clock);
    const indexFile = indexFileOf(folder.file("weir.db"));
    const stream: StoredStream = {
      name: "home",
      place,
      decoder: { kind: "auto" },
      timeZone: null,
      series: "auto",
      statistics: false,
      historyMs: null,
    };
    const streams = [stream];
    const averages = { current: () => NO_AVERAGES, onChange: () => {} };
    const link = { onChange: () => {}, state: { isConnected: true, sinceMs: 0, reason: null } };
    const performance = { isOverdue: () => false };
    const read = { lagRows: () => 0, missing: () => null, performance };
    const status = new StatusBoard({ ...context, ...read, link, streams, indexFile });
    const live = new Live({
      ...context,
      streams,
      indexFile,
      skewUs: 60e6,
      status,
      averages,
      devices,
      workflows,
      version: "test",
    });
    const server = await buildServer(context.logger, "test");
    server.addHook("onRequest", async (request) => {
      if (isSignedIn === undefined) return;
      request.who = { name: "ada", role: "viewer", kind: "user", isCurrent: isSignedIn };
    });
    const catalogue = new SeriesCatalogue(indexFile, context);
    const stored = { streams, indexFile, skewUs: 60e6, catalogue, clock };
    historyRoutes(server, new HistoryAnswers(stored));
    liveRoutes(server, { live, catalogue, streams: ["home"] });
    statusRoutes(server, { status });
    const address = await server.listen({ host: "127.0.0.1", port: 0 });
    return new LiveSubject(server, live, address);
  }

  /** How many clients are connected. */
  async connections(): Promise<number> {
    return await new Promise((resolve) =>
      this.#server.server.getConnections((_error, count) => resolve(count)),
    );
  }

  /** Ends it without a good-bye: what was not sent is lost. */
  async kill(): Promise<void> {
    this.#server.server.closeAllConnections();
    await this.#server.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close();
  }
}

/** The place behind all that is stored, as a history names it. */
export function endOf(store: Pick<SegmentedStore, "end">): string {
  return encodePositions(new Map([["home", store.end()]]));
}
