import type { Data, HeardMessage, HeardPoint } from "./node.ts";

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
