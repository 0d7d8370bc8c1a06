import { setTimeout as pause } from "node:timers/promises";
import { type Outbox, openOutbox } from "@weir/delivery";
import { readLoggerConfig } from "@weir/logger/config";
import { startLogger } from "@weir/logger/logger";
import { createReconnectingClient, type ReconnectingClient } from "@weir/mqtt";
import { type Clock, systemClock } from "@weir/runtime";
import { createTestContext, NOTHING_CONFIGURED } from "@weir/testkit";
import { startCreator } from "./creator.ts";
import type { Run, Verdict } from "./scenario.ts";
import { startJudge } from "./start-judge.ts";

/**
 * Publisher and logger in this process, for faults that need a hand on their clocks. This process never
 * reads their files: the judge does, in its own.
 */
export interface LocalChain extends AsyncDisposable {
  outbox: Outbox;
  /** How many messages were delivered so far. */
  delivered(): number;
  /** Resolves when a message is delivered; false when none is for a while. */
  flows(): Promise<boolean>;
  settle(): Promise<Omit<Verdict, "cycles">>;
}

export interface LocalChainOptions {
  ports: { publisher: number; logger: number };
  clocks?: { publisher: Clock; logger: Clock };
  rate?: number;
}

const EMPTY_WITHIN_MS = 60_000;
const FLOWS_WITHIN_MS = 30_000;
const POLL_MS = 5;
const HASTE_MS = 15;

/** A clock on which nobody waits long before the next attempt. */
export const hastyClock: Clock = {
  ...systemClock,
  schedule: (delayMs, task) => systemClock.schedule(Math.min(delayMs, HASTE_MS), task),
};

export async function startLocalChain(run: Run, options: LocalChainOptions): Promise<LocalChain> {
  const { ports, clocks = { publisher: hastyClock, logger: hastyClock }, rate = 300 } = options;
  const files = {
    journal: `${run.folder}/journal.txt`,
    outbox: `${run.folder}/outbox.db`,
    store: `${run.folder}/weir.db`,
  };
  const faults: unknown[] = [];
  let delivered = 0;
  await using opening = new AsyncDisposableStack();

  const context = createTestContext(clocks.logger);
  const config = readLoggerConfig({
    BROKER: `127.0.0.1:${ports.logger}`,
    DB_FILE: files.store,
    WEIR_FILE: NOTHING_CONFIGURED,
  });
  opening.use(await startLogger(config, context));

  const outbox = opening.use(
    openOutbox({
      file: files.outbox,
      publisher: "faults",
      onOutcome: ({ kind }) => {
        if (kind === "delivered") delivered += 1;
      },
      onFault: (fault) => faults.push(fault),
      clock: clocks.publisher,
    }),
  );
  const client: ReconnectingClient = opening.use(
    createReconnectingClient({
      broker: { url: `mqtt://127.0.0.1:${ports.publisher}`, username: null, password: null },
      clientId: "faults",
      session: { kind: "clean" },
      subscriptions: [outbox.subscription],
      onMessage: outbox.receive,
      onConnected: () => outbox.connected(client),
      onDisconnected: outbox.disconnected,
      clock: clocks.publisher,
      logger: context.logger,
    }),
  );
  client.start();
  const creator = opening.use(
    startCreator({
      outbox,
      journalFile: files.journal,
      rate,
      clock: clocks.publisher,
      onFault: (fault) => faults.push(fault),
    }),
  );
  const opened = opening.move();

  async function until(isSo: () => boolean, timeoutMs: number): Promise<boolean> {
    const deadlineMs = performance.now() + timeoutMs;
    while (!isSo()) {
      if (performance.now() > deadlineMs) return false;
      await pause(POLL_MS, undefined, { signal: run.signal });
    }
    return true;
  }

  return {
    outbox,
    delivered: () => delivered,
    flows: async () => {
      const before = delivered;
      return await until(() => delivered > before, FLOWS_WITHIN_MS);
    },
    settle: async () => {
      creator.stop();
      const startedAtMs = performance.now();
      const drained = await until(() => outbox.size().rows === 0, EMPTY_WITHIN_MS);
      const recoveryMs = performance.now() - startedAtMs;
      const { rows } = outbox.size();
      await opened.disposeAsync();
      await using judge = startJudge();
      const { count, problems } = await judge.judge({ ...files, stores: [[files.store]] });
      if (!drained) problems.push(`the outbox still holds ${rows} after 60 s`);
      problems.push(...[...faults, ...context.faults].map((fault) => String(fault)));
      return { count, recoveryMs, problems, notes: [] };
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
