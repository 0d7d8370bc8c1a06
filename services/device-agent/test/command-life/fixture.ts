import {
  type ClientOptions,
  createReconnectingClient,
  type InboundMessage,
  type ReconnectingClient,
} from "@weir/mqtt";
import { type CommandAck, endsCommand } from "@weir/protocol";
import { type Clock, systemClock } from "@weir/runtime";
import {
  createFakeClock,
  createTestContext,
  eventually,
  type TemporaryFolder,
} from "@weir/testkit";
import { z } from "zod";
import { CommandHandler } from "../../src/command-life/handler.ts";
import { type Journal, openJournals } from "../../src/command-life/journal.ts";
import type { DeviceCommand } from "../../src/commands/command.ts";
import type { DeviceControl } from "../../src/control/control.ts";

export const KITCHEN = { prefix: "devices", id: "kitchen" };
export const COMMAND_TOPIC = "devices/kitchen/command";

/** A handler on its own journal, and all that it said. */
interface Trial extends AsyncDisposable {
  handler: CommandHandler;
  journal: Journal;
  /** What waits in the journal for the broker, oldest first. */
  acks(): CommandAck[];
  /** The statuses of an id, in order. */
  statuses(id: string | null): string[];
  /** Hands a command to the handler, as the client does. */
  hand(command: object, more?: Partial<InboundMessage>): boolean;
  /** Waits for the end of a command. */
  ended(id: string | null): Promise<CommandAck>;
  log: { level: string; message: string; details: object }[];
  faults: unknown[];
}

interface TrialOptions {
  folder: TemporaryFolder;
  commands?: readonly DeviceCommand[];
  clock?: Clock;
  limits?: Parameters<typeof openJournals>[1];
  onEnded?: (outcome: string) => void;
  /** Default true. */
  starts?: boolean;
  reservedTopics?: readonly string[];
}

/** A command that takes anything. */
export function commandOf(
  name: string,
  run: DeviceCommand["run"],
  more: Partial<DeviceCommand> = {},
): DeviceCommand {
  return { name, summary: `Does ${name}.`, payload: z.unknown(), run, ...more };
}

export const ECHO = commandOf("echo", async (payload) => payload);

export function startTrial(options: TrialOptions): Trial {
  const { folder, commands = [ECHO], clock = createFakeClock(), limits } = options;
  const journals = openJournals(folder.file("journal.db"), limits);
  const journal = journals.of("kitchen");
  const log: Trial["log"] = [];
  const faults: unknown[] = [];
  const writer =
    (level: string) =>
    (message: string, details = {}) =>
      void log.push({ level, message, details });
  const handler = new CommandHandler({
    device: KITCHEN,
    commands: new Map(commands.map((command) => [command.name, command])),
    // No command of these tests asks it for anything.
    control: {} as DeviceControl,
    journal,
    log: { info: writer("info"), warn: writer("warn"), error: writer("error") },
    clock,
    reservedTopics: options.reservedTopics ?? [],
    ...(options.onEnded === undefined ? {} : { onEnded: options.onEnded }),
    onFault: (fault) => faults.push(fault),
  });
  if (options.starts !== false) handler.start();
  const acks = () => journal.pendingAcks(0, 1_000_000).map(({ ack }) => ack);
  const statuses = (id: string | null) =>
    acks()
      .filter((ack) => ack.id === id)
      .map(({ status }) => status);
  return {
    handler,
    journal,
    acks,
    statuses,
    hand: (command, more = {}) =>
      handler.receive(messageOf(Buffer.from(JSON.stringify(command)), more)),
    ended: (id) =>
      eventually(() => {
        const last = acks().findLast((ack) => ack.id === id && ack.status !== "duplicate");
        return last !== undefined && endsCommand(last.status) ? last : null;
      }),
    log,
    faults,
    [Symbol.asyncDispose]: async () => {
      await handler[Symbol.asyncDispose]();
      journals[Symbol.dispose]();
    },
  };
}

/** Connects a handler to a broker on this machine, as a device does; resolves when it is subscribed. */
export async function connectHandler(
  handler: CommandHandler,
  port: number,
  more: Partial<ClientOptions> = {},
): Promise<ReconnectingClient> {
  const connected = Promise.withResolvers<void>();
  const client = createReconnectingClient({
    broker: { url: `mqtt://127.0.0.1:${port}`, username: null, password: null },
    clientId: "kitchen",
    session: { kind: "persistent", expirySeconds: 60 },
    subscriptions: [handler.subscription],
    availability: { topic: "devices/kitchen/availability" },
    onMessage: (message) => void handler.receive(message),
    onConnected: () => {
      handler.connected(client);
      connected.resolve();
    },
    onDisconnected: () => handler.disconnected(),
    clock: systemClock,
    logger: createTestContext().logger,
    random: () => 0.1,
    ...more,
  });
  client.start();
  await connected.promise;
  return client;
}

export function messageOf(payload: Buffer, more: Partial<InboundMessage> = {}): InboundMessage {
  return { topic: COMMAND_TOPIC, payload, qos: 1, retained: false, ...more };
}
