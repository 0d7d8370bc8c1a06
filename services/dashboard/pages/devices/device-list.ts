import type { Device } from "../../src/contract/devices.ts";

/** A list with newer summaries in it; with `isWhole`, devices that are new to it come at the end. */
export function withChanges(
  devices: readonly Device[],
  changed: readonly Device[],
  isWhole: boolean,
): Device[] {
  const byId = new Map(changed.map((device) => [device.id, device]));
  const next = devices.map((device) => {
    const newer = byId.get(device.id);
    byId.delete(device.id);
    return newer ?? device;
  });
  return isWhole ? [...next, ...byId.values()] : next;
}
