import type { BrokerLink, InboundMessage } from "@weir/mqtt";
import { parseCommand, parseCommandAck } from "@weir/protocol";
import type { Clock } from "@weir/runtime";
import type { DeviceCommands } from "../contract/devices.ts";
import type { CommandSenders } from "./command-senders.ts";
import { commandsIn } from "./described-commands.ts";
import { addressOf, rootOf } from "./device-address.ts";
import type { DeviceRows } from "./device-rows.ts";
import { type SentCommand, TrackedCommand } from "./tracked-command.ts";

/** Commands in memory of one device, and devices with commands; the oldest make way. */
const DEVICE_COMMANDS_MAX = 50;
const DEVICES_MAX = 200;
/** Stored rows that are read to find what became of former commands. */
const COMMAND_ROWS_MAX = 40;
const ACK_ROWS_MAX = 160;
const OVERDUE_EVERY_MS = 1_000;

/** What is known of the commands of one device. */
export interface KnownCommands {
  /** By their ids. */
  commands: Map<string, TrackedCommand>;
  /** As the device describes them. */
  description: Pick<DeviceCommands, "describedMs" | "commands">;
  /** Whether stored rows were read since the connection to the broker began. */
  isRead: boolean;
}

export interface CommandMemoryOptions {
  link: BrokerLink;
  rows: DeviceRows;
  senders: CommandSenders;
  /** The first levels of the topics of Weir's devices. */
  prefixes: readonly string[];
  clock: Clock;
}

type Listener = (root: string, command: TrackedCommand) => void;

/** The newest commands to each device and their acks, whoever has sent them: as they pass, and as they are stored. */
export class CommandMemory implements Disposable {
  readonly #options: CommandMemoryOptions;
  /** By the beginning of the device's topics, the one that was asked for last at the end. */
  readonly #devices = new Map<string, KnownCommands>();
  readonly #listeners = new Set<Listener>();
  readonly #overdue: Disposable;

  constructor(options: CommandMemoryOptions) {
    this.#options = options;
    const { link, prefixes, clock } = options;
    for (const prefix of prefixes) {
      link.listen(`${prefix}/+/command`, (message) => this.#takeCommand(message));
      link.listen(`${prefix}/+/command/ack`, (message) => this.#takeAck(message));
    }
    link.onChange(() => {
      // What passes while there is no connection is in the store only.
      for (const known of this.#devices.values()) known.isRead = false;
    });
    this.#overdue = clock.repeat(OVERDUE_EVERY_MS, () => this.#giveUp());
  }

  /** What is known of a device, with what is stored. @throws Fault when the store cannot be read. */
  read(root: string): KnownCommands {
    const known = this.#known(root);
    if (known.isRead) return known;
    this.#readCommands(root, known);
    this.#readAcks(root, known);
    const bySending = [...known.commands].sort(([, a], [, b]) => a.sent.sentMs - b.sent.sentMs);
    known.commands = new Map(bySending.slice(-DEVICE_COMMANDS_MAX));
    known.isRead = this.#options.link.state.isConnected;
    this.#giveUp();
    return known;
  }

  /** Notes a command that is being sent. */
  add(root: string, sent: SentCommand): TrackedCommand {
    const command = new TrackedCommand(sent);
    const { commands } = this.#known(root);
    commands.set(sent.id, command);
    dropOldest(commands, DEVICE_COMMANDS_MAX);
    this.#tell(root, command);
    return command;
  }

  /** Calls back with each command when it was sent, answered or given up, until disposed of. */
  listen(listener: Listener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** Resolves when something that happens to a command makes it true, or after this time. */
  async until(waitMs: number, isTrue: () => boolean): Promise<void> {
    if (waitMs === 0 || isTrue()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    using _timer = this.#options.clock.schedule(waitMs, resolve);
    using _listening = this.listen(() => {
      if (isTrue()) resolve();
    });
    await promise;
  }

  [Symbol.dispose](): void {
    this.#overdue[Symbol.dispose]();
  }

  #takeCommand({ topic, payload, retained }: InboundMessage): void {
    const address = addressOf(topic, this.#options.prefixes);
    const parsed = retained ? null : parseCommand(payload);
    if (address === null || parsed?.kind !== "command" || parsed.command.id === null) return;
    const { id, name, payload: argument, expiresAtMs: expiresMs } = parsed.command;
    const root = rootOf(address);
    const sentMs = this.#options.clock.now();
    const known = this.#devices.get(root)?.commands.get(id);
    const sent = { id, name, payload: argument, by: null, sentMs, expiresMs };
    (known ?? this.add(root, sent)).passed();
  }

  #takeAck({ topic, payload, retained }: InboundMessage): void {
    const address = addressOf(topic, this.#options.prefixes);
    const ack = retained ? null : parseCommandAck(payload);
    if (address === null || ack === null) return;
    const root = rootOf(address);
    const nowMs = this.#options.clock.now();
    const commands = commandsIn(ack);
    if (commands !== null) this.#known(root).description = { describedMs: nowMs, commands };
    const command = ack.id === null ? undefined : this.#devices.get(root)?.commands.get(ack.id);
    if (command?.take(ack, nowMs)) this.#tell(root, command);
  }

  #known(root: string): KnownCommands {
    const known = this.#devices.get(root) ?? {
      commands: new Map(),
      description: { describedMs: null, commands: [] },
      isRead: false,
    };
    this.#devices.delete(root);
    this.#devices.set(root, known);
    dropOldest(this.#devices, DEVICES_MAX);
    return known;
  }

  #readCommands(root: string, { commands }: KnownCommands): void {
    const { rows, senders } = this.#options;
    for (const row of rows.newest([`${root}/command`], COMMAND_ROWS_MAX).reverse()) {
      const parsed = parseCommand(row.payload);
      if (row.retained || parsed.kind !== "command" || parsed.command.id === null) continue;
      const { id, name, payload, expiresAtMs: expiresMs } = parsed.command;
      if (commands.has(id)) continue;
      const sentMs = row.receivedUs / 1_000;
      const sent = { id, name, payload, by: senders.of(id), sentMs, expiresMs };
      const command = new TrackedCommand(sent);
      command.passed();
      commands.set(id, command);
    }
  }

  #readAcks(root: string, known: KnownCommands): void {
    for (const row of this.#options.rows.newest([`${root}/command/ack`], ACK_ROWS_MAX).reverse()) {
      const ack = row.retained ? null : parseCommandAck(row.payload);
      if (ack === null) continue;
      const receivedMs = row.receivedUs / 1_000;
      if (ack.id !== null) known.commands.get(ack.id)?.take(ack, receivedMs);
      const commands = commandsIn(ack);
      if (commands === null || receivedMs <= (known.description.describedMs ?? 0)) continue;
      known.description = { describedMs: receivedMs, commands };
    }
  }

  #giveUp(): void {
    const nowMs = this.#options.clock.now();
    for (const [root, { commands }] of this.#devices) {
      for (const command of commands.values()) {
        if (command.giveUp(nowMs)) this.#tell(root, command);
      }
    }
  }

  #tell(root: string, command: TrackedCommand): void {
    for (const listener of this.#listeners) listener(root, command);
  }
}

function dropOldest(entries: Map<string, unknown>, max: number): void {
  for (const key of entries.keys()) {
    if (entries.size <= max) return;
    entries.delete(key);
  }
}
