import { randomUUID } from "node:crypto";
import { BrokerLink } from "@weir/mqtt";
import { BROKER_LOG_TOPIC, type Flow, presenceFilters } from "@weir/protocol";
import { type Service, type ServiceContext, tokenIn } from "@weir/runtime";
import { Actions } from "./actions/actions.ts";
import { Commands } from "./actions/command.ts";
import { emailPerformer } from "./actions/email.ts";
import { type AskedHistory, historyOf } from "./actions/history.ts";
import { ntfyPerformer } from "./actions/ntfy.ts";
import type { Performers } from "./actions/performer.ts";
import { type Publish, publishPerformer } from "./actions/publish.ts";
import { secretsIn } from "./actions/secret-files.ts";
import { webhookPerformer } from "./actions/webhook.ts";
import type { WorkflowsConfig } from "./config.ts";
import { WorkflowFolder } from "./files/folder.ts";
import type { LoadedFiles } from "./files/loaded-files.ts";
import { WorkflowsEngine } from "./live/workflows-engine.ts";
import { WorkflowsLog } from "./log/workflows-log.ts";
import { openWorkflowRoutes } from "./routes/workflow-routes.ts";
import { connectionsInLog } from "./sources/connections.ts";
import { KnownDevices } from "./sources/known-devices.ts";
import { StoredSeriesLook } from "./sources/stored-series-look.ts";
import { SystemWatch } from "./sources/system.ts";
import { Trials } from "./trial/trials.ts";

export const flow: Flow = {
  subscribes: ["devices/<id>/command/ack", "$SYS/broker/log/N"],
  publishes: ["devices/<id>/command"],
};

/** Actions that wait until the broker is there. */
const BY_BROKER: ReadonlySet<string> = new Set(["publish", "command"]);

/** Follows the streams, runs the workflows of the folder, and does what they want done. */
export async function startWorkflows(
  config: WorkflowsConfig,
  context: ServiceContext,
): Promise<Service<WorkflowsConfig>> {
  const { clock, logger, routes } = context;
  const { indexFile, skewUs, devicePrefixes } = config;
  let { streams } = config.streams;
  // Closed in reverse: no new files and requests, then the actions end, then what they led to is committed.
  await using opening = new AsyncDisposableStack();
  const log = opening.use(new WorkflowsLog(config.file));
  const token = tokenIn(config.tokenFile, "service workflows");
  const link = opening.use(
    new BrokerLink(config.broker, `weir-workflows-${randomUUID()}`, context),
  );
  const workflows = opening.use(
    new WorkflowsEngine({
      ...{ log, streams, indexFile, skewUs, context },
      presenceFilters: presenceFilters(devicePrefixes),
      onActions: () => actions.wake(),
    }),
  );
  const { engine, loop } = workflows;
  const publish: Publish = (topic, payload, options) => link.publish(topic, payload, options);
  const commands = new Commands({ publish, prefixes: devicePrefixes, clock });
  const actions = opening.use(
    new Actions({
      ...{ clock, logger, log: log.outbox, fail: context.fail },
      performers: performersOf(config, {
        ...{ context, publish, commands },
        history: (signal) => ({ streams, indexFile, skewUs, signal }),
      }),
      isReachable: (kind) => !BY_BROKER.has(kind) || link.state.isConnected,
      onEnd: (action, outcome, end) => loop.end(action, outcome, end),
    }),
  );

  const devices = new KnownDevices(indexFile, context);
  link.listen(BROKER_LOG_TOPIC, (message) => {
    if (engine.dispatch.listenersTo("connections").length === 0) return;
    for (const connection of connectionsInLog(message, devices)) loop.take(connection);
  });
  for (const filter of commands.filters) {
    link.listen(filter, ({ topic, payload }) => commands.take(topic, payload));
  }
  const system = opening.use(
    new SystemWatch({
      ...config.streams,
      ...{ link, context, storeFile: config.storeFile },
      isAskedFor: (about) => engine.dispatch.asksFor(about),
      take: (heard) => loop.take(heard),
    }),
  );
  const stored = new StoredSeriesLook(indexFile, () => streams.map(({ name }) => name), context);
  const folder = new WorkflowFolder(config.folder, clock, () => stored.look());
  const filesCheck = context.health.check("workflow files");
  const run = (loaded: LoadedFiles): void => {
    const problems = [...loaded.problems, ...loaded.files.flatMap((file) => file.problems)];
    for (const problem of problems) {
      const remedy = "What was valid goes on; weir workflows check names every mistake.";
      logger.error({ remedy }, `a workflow cannot run as it is: ${problem}`);
    }
    filesCheck.pass(problems);
    workflows.setWorkflows(loaded);
    system.look();
  };
  run(folder.load());
  opening.use(folder.watch(run));
  const past = () => ({ streams, indexFile, skewUs, devicePrefixes });
  const trials = opening.use(new Trials(past, logger));
  const answered = { folder, engine: workflows, log, trials, clock };
  opening.use(openWorkflowRoutes(routes, token, answered));
  await link.start();
  actions.start();
  link.onChange(() => actions.wake());
  const running = opening.move();
  return {
    reload: async (changed) => {
      streams = changed.streams.streams;
      workflows.setStreams(streams);
      run(folder.load());
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function performersOf(
  { smtp, secretsFolder }: WorkflowsConfig,
  {
    context,
    publish,
    commands,
    history,
  }: {
    context: ServiceContext;
    publish: Publish;
    commands: Commands;
    history: (signal: AbortSignal) => AskedHistory;
  },
): Performers {
  const readSecret = secretsIn(secretsFolder);
  return {
    email: emailPerformer(smtp),
    webhook: webhookPerformer({ readSecret, clock: context.clock }),
    ntfy: ntfyPerformer({ readSecret }),
    publish: publishPerformer(publish),
    command: commands.perform,
    history: (effect, { signal }) => historyOf(effect, history(signal)),
  };
}
