import { errorMessage } from "@weir/runtime";
import { type Outcome, STOPPED } from "./message-class.ts";
import { type Outbox, type OutboxOptions, openOutbox } from "./outbox.ts";
import type { MessageKey } from "./queue.ts";
import type { MessageOutcome } from "./sender.ts";

/** Alarms that wait at most, unless the application sets another limit. */
const ALARMS_MAX = 10_000;

/** For how long a new alarm makes the client reconnect more often, in milliseconds. Then it saves the battery again. */
export const ALARM_URGENCY_MS = 60_000;

/** Sends alarms through an outbox on disk. */
export class AlarmLane implements AsyncDisposable {
  readonly #outbox: Outbox;
  readonly #onWaiting: (forMs: number) => void;
  /** Bounded by the rows of the outbox. */
  readonly #waiting = new Map<string, (outcome: Outcome) => void>();
  #isConnected = false;
  #isStopped = false;

  /**
   * @param onWaiting called when an alarm begins to wait for a connection, for how long the connection is urgent.
   * @param onEarlierOutcome called for alarms of an earlier run of the process.
   */
  constructor(
    options: Omit<OutboxOptions, "onOutcome">,
    onWaiting: (forMs: number) => void,
    onEarlierOutcome: (outcome: MessageOutcome) => void,
  ) {
    this.#onWaiting = onWaiting;
    this.#outbox = openOutbox({
      ...options,
      limits: { rowsMax: ALARMS_MAX, ...options.limits },
      onOutcome: (outcome) => {
        const settle = this.#waiting.get(nameOf(outcome));
        if (settle === undefined) return onEarlierOutcome(outcome);
        this.#waiting.delete(nameOf(outcome));
        if (outcome.kind === "delivered") settle({ kind: "delivered" });
        else settle({ kind: "abandoned", reason: outcome.reason });
      },
    });
  }

  /** What the client must subscribe to. */
  get subscription(): Outbox["subscription"] {
    return this.#outbox.subscription;
  }

  async send(topic: string, payload: object): Promise<Outcome> {
    if (this.#isStopped) return { kind: "refused", reason: STOPPED };
    try {
      const acceptance = await this.#outbox.accept(topic, payload);
      if (acceptance.kind === "refused") return acceptance;
      const { promise, resolve } = Promise.withResolvers<Outcome>();
      this.#waiting.set(nameOf(acceptance), resolve);
      if (!this.#isConnected) this.#onWaiting(ALARM_URGENCY_MS);
      return await promise;
    } catch (fault) {
      // Only the application can do something about an alarm that is not on disk.
      return { kind: "refused", reason: `it could not be stored: ${errorMessage(fault)}` };
    }
  }

  connected(client: Parameters<Outbox["connected"]>[0]): void {
    this.#isConnected = true;
    this.#outbox.connected(client);
  }

  disconnected(): void {
    this.#isConnected = false;
    this.#outbox.disconnected();
    if (this.#outbox.size().rows > 0) this.#onWaiting(ALARM_URGENCY_MS);
  }

  /** For the client's `onMessage`; true when the message was a receipt. */
  receive(message: Parameters<Outbox["receive"]>[0]): boolean {
    return this.#outbox.receive(message);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    // Commits what was handed in so far; those alarms are kept as well.
    await this.#outbox[Symbol.asyncDispose]();
    for (const settle of this.#waiting.values()) settle({ kind: "kept", reason: STOPPED });
    this.#waiting.clear();
  }
}

function nameOf({ epoch, topic, seq }: MessageKey): string {
  return `${epoch} ${seq} ${topic}`;
}
