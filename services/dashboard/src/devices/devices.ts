import type { BrokerLink, InboundMessage } from "@weir/mqtt";
import type { Clock, ServiceContext } from "@weir/runtime";
import type { HistorySource } from "@weir/streams";
import type { Database } from "better-sqlite3";
import type { z } from "zod";
import type {
  CommandLife,
  ConnectionEvent,
  connections,
  Device,
  LogEntry,
} from "../contract/devices.ts";
import type { SeriesCatalogue } from "../sources/catalogue-cache.ts";
import { CommandSenders } from "./command-senders.ts";
import { ConnectionLog } from "./connection-log.ts";
import { addressOf, rootOf } from "./device-address.ts";
import { DeviceBook, type FoundDevice } from "./device-book.ts";
import { DeviceCommands } from "./device-commands.ts";
import { DeviceRows, logEntryOf } from "./device-rows.ts";
import type { Presence } from "./device-state.ts";
import { Presences } from "./presences.ts";

export interface DevicesOptions {
  link: BrokerLink;
  catalogue: Pick<SeriesCatalogue, "all">;
  /** The dashboard's file; it is closed after the devices. */
  database: Database;
  stored: Pick<HistorySource, "streams" | "indexFile" | "skewUs">;
  /** The first levels of the topics of Weir's devices. */
  prefixes: readonly string[];
  context: Pick<ServiceContext, "clock" | "logger">;
}

/** What has just happened to a device. */
type DeviceEvent =
  | { event: "log"; data: LogEntry }
  | { event: "connection"; data: ConnectionEvent }
  | { event: "command"; data: CommandLife };

/** Everything about devices: which there are, what they say, why they come and go, and commands to them. */
export class Devices implements Disposable {
  readonly book: DeviceBook;
  readonly rows: DeviceRows;
  readonly commands: DeviceCommands;
  readonly #connections: ConnectionLog;
  readonly #prefixes: readonly string[];
  readonly #clock: Clock;
  readonly #logListeners = new Set<(root: string, entry: LogEntry) => void>();
  readonly #opened = new DisposableStack();

  /** It listens on the link, so it comes before the link starts. */
  constructor({ link, catalogue, database, stored, prefixes, context }: DevicesOptions) {
    const { clock } = context;
    this.#clock = clock;
    this.#prefixes = prefixes;
    const presences = new Presences(link, prefixes, clock);
    this.#connections = this.#opened.use(new ConnectionLog(link, database, context));
    const sinceOf = (device: FoundDevice, presence: Presence): number | null =>
      this.#sinceOf(device, presence);
    this.book = this.#opened.use(
      new DeviceBook({ catalogue, presences, prefixes, sinceOf, clock }),
    );
    this.rows = new DeviceRows(stored);
    const senders = new CommandSenders(database);
    this.commands = this.#opened.use(
      new DeviceCommands({ link, rows: this.rows, senders, prefixes, clock }),
    );
    for (const prefix of prefixes) {
      link.listen(`${prefix}/+/log/+`, (message) => this.#takeLog(message));
    }
  }

  /** When and why a device has come and gone, the newest first. @throws Fault when the store cannot be read. */
  connections(device: FoundDevice, limit: number): z.infer<typeof connections> {
    const logged = this.#connections.ofDevice(device.id, limit);
    if (logged.length > 0) return { source: "broker's log", entries: logged };
    return { source: "birth and will", entries: this.rows.presences(device, limit) };
  }

  /** Calls back with the devices that have changed, or are new, until disposed of. */
  onChanges(listener: (changed: readonly Device[]) => void): Disposable {
    return this.book.onChange(listener);
  }

  /** Calls back with what happens to a device from now on, until disposed of. */
  onEvents(id: string, listener: (event: DeviceEvent) => void): Disposable {
    const listening = new DisposableStack();
    const device = this.book.look(id);
    if (device === null) return listening;
    const take =
      <E extends DeviceEvent["event"]>(event: E) =>
      (data: Extract<DeviceEvent, { event: E }>["data"]) =>
        // Each name goes with its own data.
        listener({ event, data } as DeviceEvent);
    listening.use(this.#connections.follow(device.id, take("connection")));
    listening.use(this.commands.follow(device, take("command")));
    listening.use(this.#followLog(device, take("log")));
    return listening;
  }

  [Symbol.dispose](): void {
    this.#opened[Symbol.dispose]();
  }

  /** The broker's copy of birth and will does not show it; the log of its connections may. */
  #sinceOf({ id }: FoundDevice, { isOnline }: Presence): number | null {
    const [last] = this.#connections.ofDevice(id, 1);
    const fits = last !== undefined && (last.event === "connected") === isOnline;
    return fits ? last.atMs : null;
  }

  #followLog({ address }: FoundDevice, take: (entry: LogEntry) => void): Disposable {
    const own = address === null ? null : rootOf(address);
    const listener = (root: string, entry: LogEntry): void => {
      if (root === own) take(entry);
    };
    this.#logListeners.add(listener);
    return { [Symbol.dispose]: () => this.#logListeners.delete(listener) };
  }

  #takeLog({ topic, payload, retained }: InboundMessage): void {
    if (this.#logListeners.size === 0 || retained) return;
    const address = addressOf(topic, this.#prefixes);
    if (address === null) return;
    const entry = logEntryOf({ topic, payload, receivedUs: this.#clock.now() * 1_000 });
    for (const listener of this.#logListeners) listener(rootOf(address), entry);
  }
}
