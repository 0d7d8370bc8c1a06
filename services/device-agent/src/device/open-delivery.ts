import type { Clock } from "@weir/clock";
import type { BrokerConfig } from "@weir/config";
import { createDelivery, type Delivery, ON_BATTERY, ON_MAINS, type Outcome } from "@weir/delivery";
import { deviceTopics } from "@weir/messages";
import type { BrokerCheck, ServiceContext } from "@weir/service";
import type { DeviceConfig } from "../config/configured-device.ts";
import type { Discovery } from "../home-assistant/discovery.ts";
import type { CommandDesk } from "../life/command-desk.ts";
import type { StateSeries } from "../report/reporter.ts";
import { kindsOf } from "./deliveries.ts";

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

export interface DeviceDeliveryOptions extends DeviceConnection {
  desk: CommandDesk;
  discovery: Discovery | null;
  series: readonly StateSeries[];
}

const POWER = { mains: ON_MAINS, battery: ON_BATTERY } as const;

/**
 * A device's connection: what it hears goes to its desk and to its discovery, and what it sends goes as the class of
 * its series demands.
 *
 * @throws Fault when the outbox is open elsewhere or cannot be written.
 */
export function openDelivery(options: DeviceDeliveryOptions): Delivery<string> {
  const { config, outboxFile, desk, discovery, onFault, clock } = options;
  const { address, confirm } = config;
  const onLocked = (isLocked: boolean): void => {
    const file = outboxFile;
    if (isLocked)
      options.logger.warn({ file }, "another program has the outbox locked: alarms wait");
    else options.logger.info({ file }, "the outbox is not locked any more");
  };
  const delivery: Delivery<string> = createDelivery({
    link: {
      broker: options.broker,
      clientId: address.id,
      ...(options.clientIdSetting !== undefined && { clientIdSetting: options.clientIdSetting }),
      ...(options.onShortfalls && { onShortfalls: options.onShortfalls }),
      ...(options.onTakeover && { onTakeover: options.onTakeover }),
      session: { kind: "persistent", expirySeconds: config.sessionExpirySeconds },
      subscriptions: [desk.subscription, ...(discovery === null ? [] : [discovery.subscription])],
      availability: { topic: deviceTopics(address).availability },
      onMessage: (message) => {
        if (!desk.receive(message)) discovery?.receive(message);
      },
      onDropped: desk.dropped,
      onConnected: () => {
        options.onConnected();
        discovery?.connected(delivery);
        desk.connected(delivery);
      },
      onDisconnected: (reason) => {
        options.onDisconnected(reason);
        discovery?.disconnected();
        desk.disconnected();
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
