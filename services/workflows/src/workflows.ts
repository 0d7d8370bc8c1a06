import { randomUUID } from "node:crypto";
import { BrokerLink } from "@weir/mqtt";
import { BROKER_LOG_TOPIC, type Flow, presenceFilters } from "@weir/protocol";
import type { Service, ServiceContext } from "@weir/runtime";
import type { WorkflowsConfig } from "./config.ts";
import { WorkflowFolder } from "./files/folder.ts";
import type { LoadedFiles } from "./files/loaded-files.ts";
import { WorkflowsEngine } from "./live/workflows-engine.ts";
import { WorkflowsLog } from "./log/workflows-log.ts";
import { connectionsInLog } from "./sources/connections.ts";
import { KnownDevices } from "./sources/known-devices.ts";
import { SystemWatch } from "./sources/system.ts";

export const flow: Flow = {
  subscribes: ["$SYS/broker/log/N"],
  publishes: [],
};

/** Follows the streams, runs the workflows of the folder, and does what they want done. */
export async function startWorkflows(
  config: WorkflowsConfig,
  context: ServiceContext,
): Promise<Service<WorkflowsConfig>> {
  await using opening = new AsyncDisposableStack();
  const log = opening.use(new WorkflowsLog(config.file));
  const link = opening.use(
    new BrokerLink(config.broker, `weir-workflows-${randomUUID()}`, context),
  );
  const workflows = opening.use(
    new WorkflowsEngine({
      ...{ log, context, indexFile: config.indexFile, skewUs: config.skewUs },
      streams: config.streams.streams,
      presenceFilters: presenceFilters(config.devicePrefixes),
    }),
  );
  const { engine, loop } = workflows;
  const devices = new KnownDevices(config.indexFile, context);
  link.listen(BROKER_LOG_TOPIC, (message) => {
    if (engine.dispatch.listenersTo("connections").length === 0) return;
    for (const connection of connectionsInLog(message, devices)) loop.take(connection);
  });
  const system = opening.use(
    new SystemWatch({
      ...config.streams,
      storeFile: config.storeFile,
      link,
      isAskedFor: (about) => engine.dispatch.asksFor(about),
      take: (heard) => loop.take(heard),
      context,
    }),
  );
  const folder = new WorkflowFolder(config.folder, context.clock);
  const run = (loaded: LoadedFiles): void => {
    workflows.setWorkflows(loaded);
    system.look();
  };
  run(folder.load());
  opening.use(folder.watch(run));
  await link.start();
  const running = opening.move();
  return {
    reload: async ({ streams }) => {
      workflows.setStreams(streams.streams);
      run(folder.load());
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
