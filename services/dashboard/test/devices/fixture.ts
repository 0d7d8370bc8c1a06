import { startBroker } from "@weir/broker";
import { BrokerLink } from "@weir/mqtt";
import { systemClock } from "@weir/runtime";
import { openSegmentedStore } from "@weir/store";
import type { StoredStream } from "@weir/streams";
import { createTestContext, eventually, rowOf, temporaryFolder } from "@weir/testkit";
import type { z } from "zod";
import { openDashboardFile } from "../../src/access/database.ts";
import { Devices } from "../../src/devices/devices.ts";
import type { Api } from "../../src/http/server.ts";
import { commandRoutes } from "../../src/routes/commands.ts";
import { deviceRoutes } from "../../src/routes/devices.ts";
import { SeriesCatalogue } from "../../src/sources/catalogue-cache.ts";
import { catalogueMessage, serverFor } from "../fixture.ts";

/** A message that is stored, or counted in the catalogue. */
interface TestMessage {
  topic: string;
  payload: object | string;
  /** How long ago it arrived. */
  agoMs?: number;
  retained?: boolean;
}

/** The devices of a dashboard that is connected to a broker in this process. */
export interface TestDevices extends AsyncDisposable {
  port: number;
  devices: Devices;
  api: Api;
  /** Counts a payload in the catalogue, as stats does. */
  count(message: TestMessage & { payload: object }): void;
  /** Stores messages, as the logger does. */
  store(...messages: readonly TestMessage[]): void;
  /** The answer to a GET below `/api/v1`, if it is one of this form. */
  get<T>(path: string, form: z.ZodType<T>): Promise<T>;
}

export async function startTestDevices({
  port,
  file,
}: {
  port?: number;
  file?: string;
} = {}): Promise<TestDevices> {
  await using opening = new AsyncDisposableStack();
  const folder = opening.use(temporaryFolder());
  const context = createTestContext(systemClock);
  const brokerPort = port ?? opening.use(await startBroker()).port;
  const url = `mqtt://127.0.0.1:${brokerPort}`;
  const broker = { url, username: null, password: null };
  const link = opening.use(new BrokerLink(broker, "weir-dashboard", context));
  const database = openDashboardFile(file ?? folder.file("dashboard.db"));
  opening.defer(() => void database.close());
  const indexFile = folder.file("index.db");
  const stream: StoredStream = {
    name: "home",
    place: { kind: "folder", folder: folder.file("home") },
    decoder: { kind: "auto" },
    timeZone: null,
    series: "auto",
    statistics: false,
    historyMs: null,
  };
  const devices = opening.use(
    new Devices({
      link,
      catalogue: new SeriesCatalogue(indexFile, context),
      database,
      stored: { streams: [stream], indexFile, skewUs: 60e6 },
      prefixes: ["devices", "losant"],
      context,
    }),
  );
  const api = await serverFor((server) => {
    deviceRoutes(server, devices);
    commandRoutes(server, devices);
  }, context);
  opening.defer(() => api.close());
  await link.start();
  await eventually(() => link.state.isConnected);
  let rows = 0;
  const opened = opening.move();
  return {
    port: brokerPort,
    devices,
    api,
    count: ({ topic, payload, agoMs = 0 }) => {
      rows += 1;
      const receivedUs = (Date.now() - agoMs) * 1_000;
      catalogueMessage(indexFile, rows, { topic, payload, receivedUs });
    },
    store: (...messages) => {
      using store = openSegmentedStore({
        folder: folder.file("home"),
        stream: "home",
        synchronous: "NORMAL",
        nowUs: Date.now() * 1_000,
      });
      store.append(
        messages.map(({ topic, payload, agoMs = 0, retained = false }) => ({
          ...rowOf("{}", (Date.now() - agoMs) * 1_000),
          topic,
          payload: Buffer.from(typeof payload === "string" ? payload : JSON.stringify(payload)),
          retained,
          value: null,
          observedUs: null,
        })),
      );
    },
    get: async (path, form) => {
      const response = await api.inject(`/api/v1${path}`);
      if (response.statusCode !== 200) throw new Error(`${path}: ${response.body}`);
      return form.parse(response.json());
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
