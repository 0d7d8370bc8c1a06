import { presenceIn } from "@weir/protocol";
import { deviceOf } from "@weir/series";
import type { HeardConnection } from "./node.ts";

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
