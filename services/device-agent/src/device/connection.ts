import {
  createDelivery,
  type Delivery,
  EVENT_TTL_MS,
  type KindSettings,
  ON_BATTERY,
  ON_MAINS,
  type Outcome,
} from "@weir/delivery";
import { deviceTopics } from "@weir/protocol";
import type { BrokerCheck, BrokerConfig, Clock, ServiceContext } from "@weir/runtime";
import type { CommandHandler } from "../command-life/handler.ts";
import type { DeviceConfig } from "../config/device-config.ts";
import type { StateSeries } from "../report/reporter.ts";
import type { Discovery } from "./home-assistant.ts";

/** The settings and callbacks of a device's connection. */
export interface ConnectionOptions extends Partial<BrokerCheck> {
  config: DeviceConfig;
  broker: BrokerConfig;
  /** Where alarms wait; required if a source is delivered as `alarm`. */
  outboxFile: string | null;
  onConnected: () => void;
  onDisconnected: (reason: string) => void;
  /** The setting that holds the device's id, for messages about it. */
  clientIdSetting?: string;
  /** Called with the outcome of each state, also of those that an earlier run has left in the outbox. */
  onState: (outcome: Outcome) => void;
  /** Called when journal or outbox fail. From then on nothing is guaranteed. */
  onFault: (fault: unknown) => void;
  clock: Clock;
  logger: ServiceContext["logger"];
}

/** The kind of log lines among a device's messages. */
export const LOG_KIND = "log";
/** After so long a log line is dropped. */
const LOG_TTL_MS = 60_000;

/** The kind of message for the states of a series. */
export function kindOf({ delivery, everyMs }: StateSeries): string {
  const ttlMs = delivery.class === "event" ? (delivery.ttlMs ?? EVENT_TTL_MS) : "";
  return `state ${delivery.class} ${ttlMs} ${everyMs ?? "device"}`;
}

/**
 * Opens a device's connection: it passes messages to the handler and to Home Assistant's discovery, and sends
 * each state by the delivery class of its series.
 *
 * @throws Fault when another process has the outbox open, or it cannot be written.
 */
export function openConnection(
  options: ConnectionOptions,
  {
    handler,
    discovery,
    series,
  }: { handler: CommandHandler; discovery: Discovery | null; series: readonly StateSeries[] },
): Delivery<string> {
  const { config, outboxFile, logger, onFault, clock } = options;
  const { address } = config;
  const kinds: Record<string, KindSettings> = {
    [LOG_KIND]: { class: "event", ttlMs: LOG_TTL_MS },
    ...Object.fromEntries(series.map((one) => [kindOf(one), one.delivery])),
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
      onDropped: (message) => handler.dropped(message),
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
      logger,
    },
    kinds,
    ...(outboxFile !== null && {
      outbox: {
        file: outboxFile,
        publisher: address.id,
        confirm: config.confirm,
        onLocked: (isLocked) => {
          const file = outboxFile;
          if (isLocked) logger.warn({ file }, "another program has locked the outbox: alarms wait");
          else logger.info({ file }, "the outbox is no longer locked");
        },
        onFault,
      },
    }),
    onEarlierOutcome: options.onState,
    power: config.power === "mains" ? ON_MAINS : ON_BATTERY,
    clock,
  });
  return delivery;
}
