import type { DeviceAddress } from "@weir/messages";
import type { InboundMessage, Link, Subscription } from "@weir/mqtt";
import type { DeviceControl } from "../device/control.ts";

export interface DiscoveryOptions {
  /** Home Assistant's discovery prefix, usually `homeassistant`. */
  prefix: string;
  device: DeviceAddress;
  control: Pick<DeviceControl, "intervalMinMs" | "sources" | "commands">;
  /** After so many seconds without a state Home Assistant shows a value as unavailable. */
  expireAfterSeconds: () => number;
}

/** Makes a device known to Home Assistant, and again whenever that has restarted. */
export interface Discovery {
  subscription: Subscription;
  /** For the link's `onMessage`; true when the message was Home Assistant's status. */
  receive(message: InboundMessage): boolean;
  connected(link: Pick<Link, "publish">): void;
  disconnected(): void;
  /** Tells it anew after the sources have changed. */
  refresh(): void;
}
