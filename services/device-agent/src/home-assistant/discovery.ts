import { discoveryTopic, textOf } from "@weir/messages";
import type { InboundMessage, Link, Subscription } from "@weir/mqtt";
import { type DeviceDescription, discoveryPayload } from "./discovery-payload.ts";

export interface DiscoveryOptions {
  /** Home Assistant's discovery prefix, usually `homeassistant`. */
  prefix: string;
  /** What the device is like now. */
  describe: () => DeviceDescription;
}

/** Makes a device known to Home Assistant, and again whenever that has restarted. */
export interface Discovery {
  subscription: Subscription;
  /** For the link's `onMessage`; true when the message was Home Assistant's status. */
  receive(message: InboundMessage): boolean;
  connected(link: Pick<Link, "publish">): void;
  disconnected(): void;
  /** Tells it anew, after something of it has changed. */
  refresh(): void;
}

const BORN = "online";

export function createDiscovery({ prefix, describe }: DiscoveryOptions): Discovery {
  const statusTopic = `${prefix}/status`;
  let link: Pick<Link, "publish"> | null = null;

  function tell(): void {
    const device = describe();
    const payload = JSON.stringify(discoveryPayload(device));
    link
      ?.publish(discoveryTopic(prefix, device.address.id), payload, { qos: 1, retain: true })
      .catch(() => {
        // The link says why; the next connection tells it again.
      });
  }

  return {
    subscription: { filter: statusTopic, qos: 1 },
    receive: ({ topic, payload }) => {
      if (topic !== statusTopic) return false;
      if (textOf(payload) === BORN) tell();
      return true;
    },
    connected: (connected) => {
      link = connected;
      tell();
    },
    disconnected: () => {
      link = null;
    },
    refresh: tell,
  };
}
