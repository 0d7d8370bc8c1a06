import {
  createDelivery,
  type Delivery,
  EVENT_TTL_MS,
  type KindSettings,
  ON_BATTERY,
  ON_MAINS,
  type Outcome,
} from "@weir/delivery";
import { type DeviceLogLevel, deviceTopics } from "@weir/protocol";
import type { BrokerCheck, BrokerConfig, Clock, ServiceContext } from "@weir/runtime";
import type { CommandHandler } from "../command-life/handler.ts";
import type { DeviceConfig } from "../config/device-config.ts";
import type { Discovery } from "../home-assistant.ts";
import type { StateSeries } from "../report/reporter.ts";

/** What of a device its connection is made of. */
export interface DeviceConnection extends Partial<BrokerCheck> {
  config: DeviceConfig;
  broker: BrokerConfig;
  /** Where alarms wait; needed as soon as one source is delivered as one. */
  outboxFile: string | null;
  onConnected: () => void;
  onDisconnected: (reason: string) => void;
  /** The setting that holds the device's id. Default: there is none. */
  clientIdSetting?: string;
  /** Called with what became of each state, also of those that an earlier run has left in the outbox. */
  onState: (outcome: Outcome) => void;
  /** Called when journal or outbox fail, after which nothing is promised. */
  onFault: (fault: unknown) => void;
  clock: Clock;
  logger: ServiceContext["logger"];
}

interface DeviceDeliveryOptions extends DeviceConnection {
  handler: CommandHandler;
  discovery: Discovery | null;
  series: readonly StateSeries[];
}

const POWER = { mains: ON_MAINS, battery: ON_BATTERY } as const;

/**
 * A device's connection: what it hears goes to its handler and to its discovery, and what it sends goes as the class of
 * its series demands.
 *
 * @throws Fault when the outbox is open elsewhere or cannot be written.
 */
export function openDelivery(options: DeviceDeliveryOptions): Delivery<string> {
  const { config, outboxFile, handler, discovery, onFault, clock } = options;
  const { address, confirm } = config;
  const onLocked = (isLocked: boolean): void => {
    const file = outboxFile;
    if (isLocked)
      options.logger.warn({ file }, "another program has the outbox locked: alarms wait");
    else options.logger.info({ file }, "the outbox is not locked any more");
  };
  const delivery: Delivery<string> = createDelivery({
    client: {
      broker: options.broker,
      clientId: address.id,
      ...(options.clientIdSetting !== undefined && { clientIdSetting: options.clientIdSetting }),
      ...(options.onShortfalls && { onShortfalls: options.onShortfalls }),
      ...(options.onTakeover && { onTakeover: options.onTakeover }),
      session: { kind: "persistent", expirySeconds: config.sessionExpirySeconds },
      subscriptions: [
        handler.subscription,
        ...(discovery === null ? [] : [discovery.subscription]),
      ],
      availability: { topic: deviceTopics(address).availability },
      onMessage: (message) => {
        if (!handler.receive(message)) discovery?.receive(message);
      },
      onDropped: handler.dropped,
      onConnected: () => {
        options.onConnected();
        discovery?.connected(delivery);
        handler.connected(delivery);
      },
      onDisconnected: (reason) => {
        options.onDisconnected(reason);
        discovery?.disconnected();
        handler.disconnected();
      },
      logger: options.logger,
    },
    kinds: kindsOf(options.series),
    ...(outboxFile !== null && {
      outbox: { file: outboxFile, publisher: address.id, confirm, onLocked, onFault },
    }),
    onEarlierOutcome: options.onState,
    power: POWER[config.power],
    clock,
  });
  return delivery;
}

/** The kind of log lines among a device's messages. */
export const LOG_KIND = "log";
/** A log line that is so late tells nobody anything. */
const LOG_TTL_MS = 60_000;

/** The kind of message that the states of a series are. */
export function kindOf({ delivery, everyMs }: StateSeries): string {
  const ttlMs = delivery.class === "event" ? (delivery.ttlMs ?? EVENT_TTL_MS) : "";
  return `state ${delivery.class} ${ttlMs} ${everyMs ?? "device"}`;
}

/** All kinds of messages of a device: one for each series of its states, and its log. */
function kindsOf(series: readonly StateSeries[]): Record<string, KindSettings> {
  return {
    [LOG_KIND]: { class: "event", ttlMs: LOG_TTL_MS },
    ...Object.fromEntries(series.map((one) => [kindOf(one), one.delivery])),
  };
}

/** What a device sends on `devices/<id>/log/<level>`. */
interface DeviceLogLine {
  /** Epoch milliseconds. */
  time: number;
  message: string;
}

interface DeviceLogOptions {
  logger: ServiceContext["logger"];
  /** Sends a line; what becomes of it is nobody's concern. */
  send: (level: DeviceLogLevel, line: DeviceLogLine) => void;
  clock: Clock;
}

/** Writes each line to the process's log and to the device's topic. */
export function createDeviceLog({ logger, send, clock }: DeviceLogOptions): DeviceLog {
  function writer(level: DeviceLogLevel): (message: string, details?: object) => void {
    return (message, details = {}) => {
      logger[level](details, message);
      send(level, { time: clock.now(), message, ...details });
    };
  }
  return { info: writer("info"), warn: writer("warn"), error: writer("error") };
}

/** What a device tells people, on its log and on `devices/<id>/log/<level>`. */
export interface DeviceLog {
  info(message: string, details?: object): void;
  warn(message: string, details?: object): void;
  error(message: string, details?: object): void;
}
