import { startHttpServer } from "@weir/runtime";
import { createTestContext, NOTHING_CONFIGURED, type TemporaryFolder } from "@weir/testkit";
import { readWorkflowsConfig } from "@weir/workflows/config";
import { startWorkflows } from "@weir/workflows/workflows";

/** The service workflows, with an empty folder of files. */
export interface RunningWorkflows extends AsyncDisposable {
  /** The settings with which it is asked. */
  settings: { WORKFLOWS_URL: string; WORKFLOWS_TOKEN_FILE: string };
}

/** Starts the service in a folder, beside a store that may be empty. */
export async function startRunningWorkflows(
  folder: TemporaryFolder,
  broker: { port: number },
): Promise<RunningWorkflows> {
  const stack = new AsyncDisposableStack();
  const context = createTestContext();
  const config = readWorkflowsConfig({
    BROKER: `127.0.0.1:${broker.port}`,
    DB_FILE: folder.file("weir.db"),
    WORKFLOWS_FOLDER: folder.file("workflows"),
    WEIR_FILE: NOTHING_CONFIGURED,
  });
  stack.use(await startWorkflows(config, context));
  const http = await startHttpServer({ ...context, host: "127.0.0.1", port: 0, portSetting: "" });
  stack.use(http);
  return {
    settings: {
      WORKFLOWS_URL: `http://127.0.0.1:${http.port}`,
      WORKFLOWS_TOKEN_FILE: config.tokenFile,
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
