import { createDelivery, type Delivery, ON_BATTERY, ON_MAINS } from "@weir/delivery";
import { deviceTopics } from "@weir/messages";
import type { Discovery } from "../home-assistant/discovery.ts";
import type { CommandDesk } from "../life/command-desk.ts";
import type { StateSeries } from "../report/reporter.ts";
import { kindsOf } from "./deliveries.ts";
import type { DeviceOptions } from "./device.ts";

export interface DeviceDeliveryOptions
  extends Pick<
    DeviceOptions,
    | "config"
    | "broker"
    | "outboxFile"
    | "onConnected"
    | "onDisconnected"
    | "onState"
    | "onFault"
    | "clock"
    | "logger"
  > {
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
  const delivery: Delivery<string> = createDelivery({
    link: {
      broker: options.broker,
      clientId: address.id,
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
      outbox: { file: outboxFile, publisher: address.id, confirm, onFault },
    }),
    onEarlierOutcome: options.onState,
    power: POWER[config.power],
    clock,
  });
  return delivery;
}
