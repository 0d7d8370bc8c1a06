import type { HeardConnection } from "@weir/flows";
import type { InboundMessage } from "@weir/mqtt";
import { nameInClientId, parseBrokerLog } from "@weir/protocol";
import type { KnownDevices } from "./known-devices.ts";

/**
 * What a message on `BROKER_LOG_TOPIC` says of known devices. It is not stored: what happens while Weir is away is not
 * heard of. A session that goes over to a new connection is no end, for the device is there.
 */
export function connectionsInLog(
  { payload, retained }: Pick<InboundMessage, "payload" | "retained">,
  devices: Pick<KnownDevices, "ofClient">,
): HeardConnection[] {
  const logged = retained ? null : parseBrokerLog(payload);
  if (logged === null || logged.isTakenOver) return [];
  const { event, reason, clientId } = logged;
  return devices.ofClient(nameInClientId(clientId)).map(({ id, name }) => ({
    kind: "connections",
    device: id,
    deviceName: name,
    event,
    reason,
    by: "broker's log",
    isCopy: false,
  }));
}
