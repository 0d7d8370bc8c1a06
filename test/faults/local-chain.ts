import { type Outbox, openOutbox } from "@weir/delivery";
import { readLoggerConfig } from "@weir/logger/config";
import { startLogger } from "@weir/logger/logger";
import { createReconnectingClient, type ReconnectingClient } from "@weir/mqtt";
import { type Clock, systemClock } from "@weir/runtime";
import { createTestContext, holdsWithin, NOTHING_CONFIGURED } from "@weir/testkit";
import { startCreator } from "./numbered-readings.ts";
import type { Run, Verdict } from "./scenario.ts";
import { startVerifier } from "./verifier.ts";

/**
 * Publisher and logger in this process, for faults that set their clocks or cut at a given byte. This process never
 * reads their files: the verifier does, in its own.
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
const HASTE_MS = 15;

/** A clock that shortens the waits before the next attempt. */
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

  return {
    outbox,
    delivered: () => delivered,
    flows: async () => {
      const before = delivered;
      return await holdsWithin(FLOWS_WITHIN_MS, () => delivered > before, run.signal);
    },
    settle: async () => {
      creator.stop();
      const startedAtMs = performance.now();
      const drained = await holdsWithin(
        EMPTY_WITHIN_MS,
        () => outbox.size().rows === 0,
        run.signal,
      );
      const recoveryMs = performance.now() - startedAtMs;
      const { rows } = outbox.size();
      await opened.disposeAsync();
      await using verifier = startVerifier();
      const { counts, problems } = await verifier.verify({ ...files, stores: [[files.store]] });
      if (!drained) problems.push(`the outbox still holds ${rows} after 60 s`);
      problems.push(...[...faults, ...context.faults].map((fault) => String(fault)));
      return { counts, recoveryMs, problems, notes: [] };
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
