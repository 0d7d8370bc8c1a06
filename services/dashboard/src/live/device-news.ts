import type { z } from "zod";
import type { CommandLife, ConnectionEvent, Device, logEntry } from "../contract/devices.ts";

/** What has just happened to a device. */
export type DeviceEvent =
  | { event: "command"; data: CommandLife }
  | { event: "log"; data: z.infer<typeof logEntry> }
  | { event: "connection"; data: ConnectionEvent };

/** Whoever knows the devices tells live pages what changes. */
export interface DeviceNews {
  /** Calls back with the summaries of devices that have changed, about once a second at most. */
  onChanges(listener: (changed: readonly Device[]) => void): Disposable;
  /** Calls back with what happens to one device. */
  onEvents(device: string, listener: (event: DeviceEvent) => void): Disposable;
}
