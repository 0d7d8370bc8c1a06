import { setImmediate as nextTurn } from "node:timers/promises";
import type { CommandOutcome } from "@weir/messages";
import { expiry, isExpired, match } from "./admission.ts";
import type { CommandDeskOptions } from "./command-desk.ts";
import type { JournalEntry } from "./journal.ts";
import { obey } from "./obey.ts";

/** How a command has ended, as its ack tells it. */
export interface Told {
  status: CommandOutcome;
  result?: unknown;
  error?: string;
}

export interface WorkerOptions
  extends Pick<CommandDeskOptions, "commands" | "control" | "clock" | "onFault"> {
  /** Commits that a command begins. */
  begin: (entry: JournalEntry) => void;
  /** Commits how it has ended. */
  end: (entry: JournalEntry, told: Told) => void;
}

/** Obeys commands one after the other. Disposing of it ends the one that runs, within about a second. */
export interface Worker extends AsyncDisposable {
  add(entry: JournalEntry): void;
  /** How many have not begun. */
  waiting(): number;
}

export function createWorker(options: WorkerOptions): Worker {
  const { commands, control, clock, begin, end } = options;
  const stopping = new AbortController();
  const waiting: JournalEntry[] = [];
  let isWorking = false;
  let worked = Promise.resolve();

  async function obeyAll(): Promise<void> {
    // The turn that took a command in ends with its PUBACK, whatever the command does to the process.
    await nextTurn();
    while (!stopping.signal.aborted) {
      const entry = waiting.shift();
      if (entry === undefined) break;
      await take(entry);
    }
    // Not after a fault: the journal promises nothing any more.
    isWorking = false;
  }

  /** Much may have changed since it came: the hour, and after a restart what is obeyed. */
  async function take(entry: JournalEntry): Promise<void> {
    const { command } = entry;
    const matched = match(command, commands);
    if (matched.kind === "unmatched") {
      end(entry, { status: "rejected", error: matched.reason });
    } else if (isExpired(command, clock.now())) end(entry, expiry());
    else {
      begin(entry);
      const { definition, payload } = matched;
      const { signal } = stopping;
      const ending = await obey({ definition, payload, control, clock, stopping: signal });
      if (ending !== null) end(entry, ending);
    }
  }

  return {
    add: (entry) => {
      waiting.push(entry);
      if (isWorking || stopping.signal.aborted) return;
      isWorking = true;
      worked = obeyAll().catch(options.onFault);
    },
    waiting: () => waiting.length,
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await worked;
    },
  };
}
