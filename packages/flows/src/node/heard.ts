import { isUtf8 } from "node:buffer";
import { PAYLOAD_BYTES_MAX, parseLenientJson, textOf } from "@weir/protocol";
import { isTooDeep } from "../expressions/json.ts";
import type { Data, HeardMessage, HeardPoint } from "./node.ts";

/** Names in the data that a reading begins a run with. */
export const POINT_NAMES = "key series topic device deviceName value unit timeMs".split(" ");
/** Names in the data that a message begins a run with. */
export const MESSAGE_NAMES = "key stream topic device deviceName payload timeMs".split(" ");

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

/** What a payload is: JSON where it is some, and not nested too deeply, otherwise text; `null` for what is neither, or too long. */
export function payloadOf(payload: Buffer): unknown {
  if (payload.length > PAYLOAD_BYTES_MAX || !isUtf8(payload)) return null;
  const text = textOf(payload);
  const { json } = parseLenientJson(text);
  return json === undefined || isTooDeep(json) ? text : json;
}
