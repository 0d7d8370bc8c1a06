import type { HeardConnection } from "@weir/flows";
import type { InboundMessage } from "@weir/mqtt";
import { nameInClientId, parseBrokerLog, presenceIn } from "@weir/protocol";
import { deviceOf } from "@weir/series";
import type { KnownDevices } from "./known-devices.ts";

/** A stored message on one of the topics of `presenceFilters`. */
export interface PresenceRow {
  stream: string;
  topic: string;
  payload: Buffer;
  /** Whether it is the broker's copy, which the logger is sent when it starts. */
  retained: boolean;
}

/** What a stored birth or will says; `null` for anything else. */
export function connectionOfRow({
  stream,
  topic,
  payload,
  retained,
}: PresenceRow): HeardConnection | null {
  const isOnline = presenceIn(payload);
  if (isOnline === null) return null;
  const { id, name } = deviceOf({ stream, topic, path: "", device: null });
  return {
    kind: "connections",
    device: id,
    deviceName: name,
    event: isOnline ? "connected" : "disconnected",
    reason: null,
    by: "birth and will",
    isCopy: retained,
  };
}

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
