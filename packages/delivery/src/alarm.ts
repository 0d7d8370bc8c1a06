import { errorMessage } from "@weir/runtime";
import { type Outcome, STOPPED } from "./lane.ts";
import type { Outbox } from "./outbox.ts";
import type { MessageKey } from "./queue.ts";
import type { MessageOutcome as OutboxOutcome } from "./sender.ts";

/** What became of an alarm that an earlier run of the process has accepted. */
export type EarlierOutcome = OutboxOutcome;

/** Sends alarms through an outbox on disk. */
export interface AlarmLane extends AsyncDisposable {
  /** The outbox, for what the client tells it. */
  outbox: Outbox;
  send(topic: string, payload: object): Promise<Outcome>;
  connected: Outbox["connected"];
  disconnected(): void;
}

export interface AlarmLaneOptions {
  openOutbox: (onOutcome: (outcome: OutboxOutcome) => void) => Outbox;
  /** Called when an alarm begins to wait for a connection, with how long it asks for haste. */
  onWaiting: (forMs: number) => void;
  onEarlierOutcome: (outcome: EarlierOutcome) => void;
}

/** How long a new alarm makes the client look for the broker more often, in milliseconds. Then the battery is spared. */
export const ALARM_HASTE_MS = 60_000;

export function createAlarmLane(options: AlarmLaneOptions): AlarmLane {
  const { openOutbox, onWaiting, onEarlierOutcome } = options;
  // As many as the outbox has rows at most.
  const waiting = new Map<string, (outcome: Outcome) => void>();
  let isConnected = false;
  let isStopped = false;

  const outbox = openOutbox((outcome) => {
    const settle = waiting.get(nameOf(outcome));
    if (settle === undefined) return onEarlierOutcome(outcome);
    waiting.delete(nameOf(outcome));
    if (outcome.kind === "delivered") settle({ kind: "delivered" });
    else settle({ kind: "abandoned", reason: outcome.reason });
  });

  return {
    outbox,
    send: async (topic, payload) => {
      if (isStopped) return { kind: "refused", reason: STOPPED };
      try {
        const acceptance = await outbox.accept(topic, payload);
        if (acceptance.kind === "refused") return acceptance;
        const { promise, resolve } = Promise.withResolvers<Outcome>();
        waiting.set(nameOf(acceptance), resolve);
        if (!isConnected) onWaiting(ALARM_HASTE_MS);
        return await promise;
      } catch (fault) {
        // The application is the one that can do something about an alarm that is not safe.
        return { kind: "refused", reason: `it could not be stored: ${errorMessage(fault)}` };
      }
    },
    connected: (client) => {
      isConnected = true;
      outbox.connected(client);
    },
    disconnected: () => {
      isConnected = false;
      outbox.disconnected();
      if (outbox.size().rows > 0) onWaiting(ALARM_HASTE_MS);
    },
    [Symbol.asyncDispose]: async () => {
      isStopped = true;
      // Takes in what was handed to it so far; those join the others that wait.
      await outbox[Symbol.asyncDispose]();
      for (const settle of waiting.values()) settle({ kind: "kept", reason: STOPPED });
      waiting.clear();
    },
  };
}

function nameOf({ epoch, topic, seq }: MessageKey): string {
  return `${epoch} ${seq} ${topic}`;
}
