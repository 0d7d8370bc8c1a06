import { COMMAND_BYTES_MAX, type CommandOutcome, deviceTopics } from "@weir/messages";
import { createAckSender } from "./ack-sender.ts";
import { admit, duplicateOf, type Refused } from "./admission.ts";
import type { CommandDesk, CommandDeskOptions } from "./command-desk.ts";
import type { JournalEntry, ResponseAddress } from "./journal.ts";
import { createLimitedLog } from "./limited-log.ts";
import { responseAddressOf } from "./response-address.ts";
import { createWorker, type Told } from "./worker.ts";

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

export function createCommandDesk(options: CommandDeskOptions): CommandDesk {
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
