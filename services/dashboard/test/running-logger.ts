import { startBroker } from "@weir/broker";
import { readLoggerConfig } from "@weir/logger/config";
import { startLogger } from "@weir/logger/logger";
import { loggerAddress, type RoutesClientOptions, startHttpServer } from "@weir/runtime";
import {
  connectTestClient,
  createTestContext,
  eventually,
  NOTHING_CONFIGURED,
  type TemporaryFolder,
  type TestClient,
} from "@weir/testkit";

/** A logger that stores, with its broker, a client, and the addresses for who has its token. */
export interface RunningLogger extends AsyncDisposable {
  client: TestClient;
  /** How it is asked to delete data. */
  address: RoutesClientOptions;
  brokerPort: number;
}

/** Starts a logger with the default streams in a folder. */
export async function startRunningLogger(folder: TemporaryFolder): Promise<RunningLogger> {
  const stack = new AsyncDisposableStack();
  const broker = stack.use(await startBroker());
  const context = createTestContext();
  const config = readLoggerConfig({
    BROKER: `127.0.0.1:${broker.port}`,
    DB_FILE: folder.file("weir.db"),
    LOGGER_SYNCHRONOUS: "NORMAL",
    WEIR_FILE: NOTHING_CONFIGURED,
  });
  stack.use(await startLogger(config, context));
  await eventually(() => context.health.report().ready);
  const http = await startHttpServer({ ...context, host: "127.0.0.1", port: 0, portSetting: "" });
  stack.use(http);
  const client = stack.use(await connectTestClient(broker.port));
  return {
    client,
    address: loggerAddress({
      DB_FILE: folder.file("weir.db"),
      HTTP_HOST: "127.0.0.1",
      LOGGER_HTTP_PORT: http.port,
      LOGGER_URL: null,
      LOGGER_TOKEN_FILE: null,
    }),
    brokerPort: broker.port,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
