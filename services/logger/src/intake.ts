import type { Clock } from "@weir/clock";
import { type Decoded, decodeReading, type Outcome } from "@weir/messages";
import type { InboundMessage } from "@weir/mqtt";
import type { Filed, NewRow, Store } from "@weir/store";
import { createBatch } from "./batch.ts";
import type { LoggerConfig } from "./config.ts";

/** From the broker's message to the acknowledged row. */
export interface Intake extends Disposable {
  receive(message: InboundMessage): void;
  /** Without a Receive Maximum the broker's window is small: messages then wait for nobody. */
  setGathering(gathers: boolean): void;
}

export interface IntakeOptions {
  store: Store;
  clock: Clock;
  /** Called after a commit and its acknowledgements, with what became of each message. */
  onCommitted: (committed: readonly Committed[], seconds: number) => void;
  /** Called for a message on a topic that is not the stream's; it is acknowledged, not stored. */
  onUnmatched: (topic: string) => void;
  /** Called when a commit fails. Nothing of it is acknowledged, and no message is taken any more. */
  onFault: (fault: unknown) => void;
}

/** What became of one message. */
interface Committed {
  outcome: Outcome;
  filed: Filed;
  /** Whose outbox it came from, `null` for a publisher without one. */
  publisher: string | null;
}

interface Entry {
  message: InboundMessage;
  row: NewRow;
  outcome: Outcome;
}

export function startIntake(
  config: Pick<LoggerConfig, "topic" | "skewUs" | "batch">,
  options: IntakeOptions,
): Intake {
  const { store, clock, onCommitted, onUnmatched, onFault } = options;
  let isOpen = true;
  let gathers = true;

  const batch = createBatch<Entry>({
    limits: config.batch,
    delayMs: () => (gathers ? config.batch.delayMs : 0),
    clock,
    write: (entries) => {
      if (!isOpen) return;
      const startMs = clock.monotonic();
      const filed = append(entries);
      if (filed === null) return;
      for (const { message } of entries) message.acknowledge();
      onCommitted(
        entries.map((entry, index) => committed(entry, filed[index])),
        (clock.monotonic() - startMs) / 1_000,
      );
    },
  });

  function append(entries: readonly Entry[]): readonly Filed[] | null {
    try {
      return store.append(entries.map(({ row }) => row)).filed;
    } catch (fault) {
      isOpen = false;
      onFault(fault);
      return null;
    }
  }

  return {
    receive: (message) => {
      if (!isOpen) return;
      if (message.topic !== config.topic) {
        onUnmatched(message.topic);
        message.acknowledge();
        return;
      }
      const receivedUs = clock.now() * 1_000;
      const decoded = decodeReading(message.payload, { receivedUs, skewUs: config.skewUs });
      const row = toRow(message, receivedUs, decoded);
      batch.add({ message, row, outcome: decoded.outcome }, message.payload.length);
    },
    setGathering: (wanted) => {
      gathers = wanted;
    },
    [Symbol.dispose]: () => {
      batch.flush();
      isOpen = false;
    },
  };
}

function committed({ outcome, row }: Entry, filed: Filed = "unsequenced"): Committed {
  return { outcome, filed, publisher: row.sequence?.publisher ?? null };
}

function toRow(message: InboundMessage, receivedUs: number, decoded: Decoded): NewRow {
  const { topic, payload, qos, retained } = message;
  return { receivedUs, topic, payload, qos, retained, ...decoded, outcome: decoded.outcome.code };
}
