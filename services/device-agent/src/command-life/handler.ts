import type { DroppedMessage, InboundMessage, ReconnectingClient, Subscription } from "@weir/mqtt";
import {
  COMMAND_BYTES_MAX,
  type CommandOutcome,
  type DeviceAddress,
  deviceTopics,
} from "@weir/protocol";
import type { Clock } from "@weir/runtime";
import type { DeviceCommand } from "../commands/command.ts";
import type { DeviceControl } from "../device/control.ts";
import type { DeviceLog } from "../device/delivery.ts";
import { createAckSender, responseAddressOf } from "./acks.ts";
import { admit, duplicateOf, type Refused } from "./admission.ts";
import { createWorker, type Told } from "./execution.ts";
import type { Journal, JournalEntry, ResponseAddress } from "./journal.ts";

/** How a command ended, in a sentence about it. */
const ENDED: Readonly<Record<CommandOutcome, string>> = {
  done: "is done",
  failed: "has failed",
  expired: "has expired",
  duplicate: "is a duplicate",
  rejected: "is rejected",
  unknown: "has ended, nobody knows how",
};

/** For the last acks to reach the broker, when the device stops. */
const LAST_ACKS_MS = 250;

export function createCommandHandler(options: CommandHandlerOptions): CommandHandler {
  const { device, commands, journal, log, clock, onFault, reservedTopics = [] } = options;
  const onEnded = options.onEnded ?? (() => {});
  const { command: commandTopic } = deviceTopics(device);
  const limitedLog = createLimitedLog({ log, clock });
  const acks = createAckSender({ device, journal, log: limitedLog, clock, onFault });
  const worker = createWorker({
    ...options,
    begin: ({ key }) => {
      journal.advance(key, { status: "running", atMs: clock.now() });
      acks.wake();
    },
    end,
  });
  let isStarted = false;
  let droppedAnswers = 0;

  function end({ key, command }: JournalEntry, told: Told): void {
    journal.advance(key, { ...told, atMs: clock.now() });
    acks.wake();
    tellPeople(command, told);
  }

  /** What an earlier run has begun: how far that came cannot be told, unless its end was the point. */
  function settle(entry: JournalEntry): void {
    if (commands.get(entry.command.name)?.endsProcess === true) end(entry, { status: "done" });
    else {
      const error = "the device ended while it ran; whether it was done cannot be told";
      end(entry, { status: "unknown", error });
    }
  }

  function refuse({ kind: _, ...answer }: Refused, response: ResponseAddress | null): void {
    if (!journal.answer({ ...answer, at: clock.now() }, response)) {
      droppedAnswers += 1;
      limitedLog.warn("an answer was dropped: too many wait for the broker", { droppedAnswers });
    }
    acks.wake();
    tellPeople(answer, answer);
  }

  function tellPeople({ id, name }: Pick<Refused, "id" | "name">, told: Told): void {
    const { status, error } = told;
    // Not as `name`: that is the process's, in each line of its log.
    const details = { id, ...(name === null ? {} : { command: name }), status };
    if (status === "done") log.info(`the command ${name} is done`, details);
    else {
      const why = error ?? `one of this id was there before: ${JSON.stringify(told.result)}`;
      limitedLog.warn(`the command ${name ?? "without a name"} ${ENDED[status]}: ${why}`, details);
    }
    onEnded(name, status);
  }

  return {
    // A command that the broker is to keep would be executed by whoever comes later: it is none, also live.
    subscription: { filter: commandTopic, qos: 1, retainAsPublished: true },
    start: () => {
      if (isStarted) return;
      isStarted = true;
      for (const entry of journal.open()) {
        if (entry.status === "running") settle(entry);
        else worker.add(entry);
      }
    },
    receive: (message) => {
      if (message.topic !== commandTopic) return false;
      // That is how somebody has the broker forget a retained command.
      if (message.payload.length === 0) return true;
      const nowMs = clock.now();
      const address = responseAddressOf(message, device, reservedTopics);
      const response = address === "refused" ? null : address;
      if (address === "refused") {
        limitedLog.warn("a command names a response topic that no answer goes to");
      }
      const admission = admit(message, { commands, journal, waiting: worker.waiting(), nowMs });
      if (admission.kind === "refused") {
        refuse(admission, response);
        return true;
      }
      const { command } = admission;
      const received = journal.receive(command, response, nowMs);
      if (received.kind === "known") refuse(duplicateOf(command, received.status), response);
      else {
        acks.wake();
        // What comes before the start is found in the journal then; what comes after the end, the next time.
        if (isStarted) worker.add(received.entry);
      }
      return true;
    },
    dropped: ({ topic, bytes }) => {
      if (topic !== commandTopic) return;
      const error = `a command has at most ${COMMAND_BYTES_MAX} bytes, not ${bytes}`;
      refuse({ kind: "refused", id: null, name: null, status: "rejected", error }, null);
    },
    connected: acks.connected,
    disconnected: acks.disconnected,
    [Symbol.asyncDispose]: async () => {
      await worker[Symbol.asyncDispose]();
      await acks.settled(LAST_ACKS_MS);
      acks[Symbol.dispose]();
      limitedLog[Symbol.dispose]();
    },
  };
}

export interface CommandHandlerOptions {
  device: DeviceAddress;
  /** All that may be obeyed, by name. */
  commands: ReadonlyMap<string, DeviceCommand>;
  /** Topics that others hear something on, or their first levels, besides the usual ones: no answer goes there. */
  reservedTopics?: readonly string[];
  control: DeviceControl;
  /** The part of this device. */
  journal: Journal;
  log: DeviceLog;
  clock: Clock;
  /** Called once for each command, when it has ended. */
  onEnded?: (name: string | null, outcome: CommandOutcome) => void;
  /** Called when the journal fails outside of the handler's own functions, after which nothing is promised. */
  onFault: (fault: unknown) => void;
}

/** Takes commands in, obeys them one after the other, and tells what became of each. */
export interface CommandHandler extends AsyncDisposable {
  subscription: Subscription;
  /** Settles what an earlier run has left open, and goes on with what it has not begun. */
  start(): void;
  /**
   * For the client's `onMessage`: what is to be obeyed is in the journal when this returns. True when it was a command.
   *
   * @throws Fault when the journal fails: then the client must not acknowledge, and the broker sends it again.
   */
  receive(message: InboundMessage): boolean;
  /** For the client's `onDropped`: a command that is too large for any message is answered, too. */
  dropped(message: DroppedMessage): void;
  /** For the client's `onConnected`: tells what could not be told before. */
  connected(client: Pick<ReconnectingClient, "publish">): void;
  /** For the client's `onDisconnected`. */
  disconnected(): void;
}

/** Lines that may come without end: some in each while, and then how many were left out. */
export interface LimitedLog extends Disposable {
  info(message: string, details?: object): void;
  warn(message: string, details?: object): void;
}

export interface LimitedLogOptions {
  log: Pick<DeviceLog, "info" | "warn">;
  clock: Clock;
  /** At most so many lines in so long; 10 a minute unless they are given. */
  linesMax?: number;
  windowMs?: number;
  /** What is said of those that were left out, when the while is over. */
  restOf?: (leftOut: number) => string;
}

export function createLimitedLog(options: LimitedLogOptions): LimitedLog {
  const { log, clock, linesMax = 10, windowMs = 60_000 } = options;
  const { restOf = (count: number) => `${count} more warnings like the last ones` } = options;
  let lines = 0;
  let leftOut = 0;
  let window: Disposable | null = null;

  function close(): void {
    window?.[Symbol.dispose]();
    window = null;
    if (leftOut > 0) log.warn(restOf(leftOut), { leftOut });
    lines = 0;
    leftOut = 0;
  }

  function writer(level: "info" | "warn"): LimitedLog["warn"] {
    return (message, details) => {
      window ??= clock.schedule(windowMs, close);
      if (lines === linesMax) {
        leftOut += 1;
        return;
      }
      lines += 1;
      log[level](message, details);
    };
  }

  return { info: writer("info"), warn: writer("warn"), [Symbol.dispose]: close };
}
