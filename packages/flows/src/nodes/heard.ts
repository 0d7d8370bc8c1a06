import { presenceIn } from "@weir/protocol";
import { deviceOf } from "@weir/series";
import type { Data, HeardConnection, HeardMessage, HeardPoint } from "./node.ts";

/** The data that a run begins with. `key` is what states and alerts are kept by: the device, where there is one. */
export function dataOfPoint(point: HeardPoint): Data {
  const { series, topic, device, deviceName, value, unit, observedMs } = point;
  return { key: series, series, topic, device, deviceName, value, unit, timeMs: observedMs };
}

export function dataOfMessage(
  { stream, topic, device, deviceName, payload }: HeardMessage,
  nowMs: number,
): Data {
  return { key: device, stream, topic, device, deviceName, payload, timeMs: nowMs };
}

/** What a node keeps its state by: `key` of the data. */
export function keyOf(data: Data): string {
  return typeof data.key === "string" ? data.key : "";
}

/** A stored message on one of the topics of `presenceFilters`. */
interface PresenceRow {
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
