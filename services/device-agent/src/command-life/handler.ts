import type { DroppedMessage, InboundMessage, ReconnectingClient, Subscription } from "@weir/mqtt";
import {
  COMMAND_BYTES_MAX,
  type CommandOutcome,
  type DeviceAddress,
  deviceTopics,
} from "@weir/protocol";
import type { Clock } from "@weir/runtime";
import type { DeviceCommand } from "../commands/command.ts";
import type { DeviceControl } from "../control/control.ts";
import { type DeviceLog, LimitedLog } from "../report/log.ts";
import { AckSender, responseAddressOf } from "./acks.ts";
import { admit, duplicateOf, type Refused } from "./admission.ts";
import { type Result, Worker } from "./execution.ts";
import type { Journal, JournalEntry, ResponseAddress } from "./journal.ts";

/** The end of a command in a log line: `the command restart has expired`. */
const ENDED: Readonly<Record<CommandOutcome, string>> = {
  done: "is done",
  failed: "has failed",
  expired: "has expired",
  duplicate: "is a duplicate",
  rejected: "is rejected",
  unknown: "has ended with an unknown result",
};

/** For the last acks to reach the broker when the device stops. */
const LAST_ACKS_MS = 250;

interface CommandHandlerOptions {
  device: DeviceAddress;
  /** The allowed commands, by name. */
  commands: ReadonlyMap<string, DeviceCommand>;
  /** Topics, or their first levels, that others subscribe to, besides the default ones: no response goes there. */
  reservedTopics: readonly string[];
  control: DeviceControl;
  /** The journal of this device. */
  journal: Journal;
  log: DeviceLog;
  clock: Clock;
  /** Called once for each command, when it has ended. */
  onEnded?: (outcome: CommandOutcome) => void;
  /** Called when the journal fails outside of `receive` and `start`. From then on nothing is guaranteed. */
  onFault: (fault: unknown) => void;
}

/** Accepts commands, executes them one after the other, and reports the result of each. */
export class CommandHandler implements AsyncDisposable {
  /** With `retainAsPublished`, to reject a retained command also when it arrives live: the broker would send it to later subscribers. */
  readonly subscription: Subscription;
  #options: CommandHandlerOptions;
  #topic: string;
  #log: LimitedLog;
  #acks: AckSender;
  #worker: Worker;
  #isStarted = false;
  #droppedAnswers = 0;

  constructor(options: CommandHandlerOptions) {
    const { device, commands, control, journal, log, clock, onFault } = options;
    this.#options = options;
    this.#topic = deviceTopics(device).command;
    this.subscription = { filter: this.#topic, qos: 1, retainAsPublished: true };
    this.#log = new LimitedLog(log, clock);
    this.#acks = new AckSender({ device, journal, log: this.#log, clock, onFault });
    this.#worker = new Worker({
      commands,
      control,
      clock,
      begin: ({ key }) => {
        journal.advance(key, { status: "running", atMs: clock.now() });
        this.#acks.sendPending();
      },
      end: (entry, result) => this.#end(entry, result),
      onFault,
    });
  }

  /** Settles commands that an earlier run has begun, and executes those that it has not. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    for (const entry of this.#options.journal.open()) {
      if (entry.status === "running") this.#settle(entry);
      else this.#worker.add(entry);
    }
  }

  /**
   * For the client's `onMessage`: when it returns, an accepted command is in the journal.
   *
   * @returns whether the message was a command.
   * @throws Fault when the journal fails: then the client must not acknowledge, and the broker sends it again.
   */
  receive(message: InboundMessage): boolean {
    if (message.topic !== this.#topic) return false;
    // An empty payload clears a retained command in the broker [MQTT-3.3.1-6].
    if (message.payload.length === 0) return true;
    const { device, commands, journal, clock, reservedTopics } = this.#options;
    const nowMs = clock.now();
    const address = responseAddressOf(message, device, reservedTopics);
    const response = address === "refused" ? null : address;
    if (address === "refused") {
      this.#log.warn("the response topic of a command is reserved: it gets no response");
    }
    const { waiting } = this.#worker;
    const admission = admit(message, { commands, journal, waiting, nowMs });
    if (admission.kind === "refused") {
      this.#refuse(admission, response);
      return true;
    }
    const { command } = admission;
    const received = journal.receive(command, response, nowMs);
    if (received.kind === "known") this.#refuse(duplicateOf(command, received.status), response);
    else {
      this.#acks.sendPending();
      // `start` finds an earlier one in the journal.
      if (this.#isStarted) this.#worker.add(received.entry);
    }
    return true;
  }

  /** For the client's `onDropped`: rejects a command that exceeds the maximum packet size. */
  dropped({ topic, bytes }: DroppedMessage): void {
    if (topic !== this.#topic) return;
    const error = `a command has at most ${COMMAND_BYTES_MAX} bytes, not ${bytes}`;
    this.#refuse({ kind: "refused", id: null, name: null, status: "rejected", error }, null);
  }

  /** For the client's `onConnected`: sends the acks that wait. */
  connected(client: Pick<ReconnectingClient, "publish">): void {
    this.#acks.connected(client);
  }

  /** For the client's `onDisconnected`. */
  disconnected(): void {
    this.#acks.disconnected();
  }

  /** Ends the running command, and gives the last acks a moment to reach the broker. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker[Symbol.asyncDispose]();
    await this.#acks.settled(LAST_ACKS_MS);
    this.#acks[Symbol.dispose]();
    this.#log[Symbol.dispose]();
  }

  /** An earlier run has begun it. Its result is unknown, unless it was to end the process. */
  #settle(entry: JournalEntry): void {
    if (this.#options.commands.get(entry.command.name)?.endsProcess === true) {
      this.#end(entry, { status: "done" });
    } else {
      const error = "the device ended while the command ran; its result is unknown";
      this.#end(entry, { status: "unknown", error });
    }
  }

  #end({ key, command }: JournalEntry, result: Result): void {
    const { journal, clock } = this.#options;
    journal.advance(key, { ...result, atMs: clock.now() });
    this.#acks.sendPending();
    this.#report(command, result);
  }

  #refuse({ kind: _, ...answer }: Refused, response: ResponseAddress | null): void {
    const { journal, clock } = this.#options;
    if (!journal.answer({ ...answer, at: clock.now() }, response)) {
      this.#droppedAnswers += 1;
      this.#log.warn("an ack was dropped: too many wait for the broker", {
        droppedAnswers: this.#droppedAnswers,
      });
    }
    this.#acks.sendPending();
    this.#report(answer, answer);
  }

  #report({ id, name }: Pick<Refused, "id" | "name">, { status, error, result }: Result): void {
    // Not as `name`, which is the process in each line of its log.
    const details = { id, ...(name === null ? {} : { command: name }), status };
    if (status === "done") this.#options.log.info(`the command ${name} is done`, details);
    else {
      const why = error ?? `a command with this id came before: ${JSON.stringify(result)}`;
      this.#log.warn(`the command ${name ?? "without a name"} ${ENDED[status]}: ${why}`, details);
    }
    this.#options.onEnded?.(status);
  }
}
