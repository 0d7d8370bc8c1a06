import { randomUUID } from "node:crypto";
import { type Clock, systemClock } from "@weir/clock";
import type { BrokerConfig } from "@weir/config";
import { EXIT_CODES, Fault } from "@weir/fault";
import { createLink, type LinkLogger } from "@weir/mqtt";
import { createSendWindow, type SendWindow } from "./window.ts";

/** A connection to the broker that a recording is played back to; it is made again when it is lost. */
export interface ReplayConnection extends AsyncDisposable {
  window: SendWindow;
  /** What the broker has answered. */
  counts(): { sent: number; refused: number };
}

export interface ReplayConnectionOptions {
  broker: BrokerConfig;
  logger: LinkLogger;
  /** Ends the wait for the first connection. */
  signal: AbortSignal;
  /** Called for the first few refusals. */
  onRefused: (topic: string, reason: string) => void;
  clock?: Clock;
}

const CONNECT_MS_MAX = 20_000;
const REFUSALS_TOLD = 5;

/** @throws Fault when there is no connection within 20 s. Later it waits for as long as it takes. */
export async function connectForReplay(
  options: ReplayConnectionOptions,
): Promise<ReplayConnection> {
  const { broker, logger, signal, onRefused, clock = systemClock } = options;
  const counts = { sent: 0, refused: 0 };
  const window = createSendWindow({
    publish: (topic, payload, how) => link.publish(topic, payload, how),
    onSent: () => {
      counts.sent += 1;
    },
    onRefused: ({ topic }, reason) => {
      counts.refused += 1;
      if (counts.refused <= REFUSALS_TOLD) onRefused(topic, reason);
    },
  });
  const connected = Promise.withResolvers<void>();
  await using opening = new AsyncDisposableStack();
  const link = opening.use(
    createLink({
      broker,
      clientId: `weir-replay-${randomUUID()}`,
      session: { kind: "clean" },
      onConnected: () => {
        window.connected();
        connected.resolve();
      },
      onDisconnected: window.disconnected,
      clock,
      logger,
    }),
  );
  link.start();
  using _timer = clock.schedule(CONNECT_MS_MAX, () => connected.reject(noBroker(broker.url)));
  signal.addEventListener("abort", () => connected.resolve(), { once: true });
  await connected.promise;

  const opened = opening.move();
  return {
    window,
    counts: () => ({ ...counts }),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function noBroker(url: string): Fault {
  return new Fault(`no connection to ${url} within ${CONNECT_MS_MAX / 1_000} s`, {
    remedy: "Is the broker running, and is --broker (by default the stream's broker) right?",
    exitCode: EXIT_CODES.unavailable,
  });
}
