import { setImmediate as yieldToEvents } from "node:timers/promises";
import { readNewestFlagged, type StoredMessage } from "@weir/store";
import type { StoredStream } from "@weir/streams";
import type { Rejections } from "../contract/system.ts";
import type { PerformanceReport } from "./logger-performance.ts";
import { outcomeWords } from "./outcome-words.ts";
import { payloadText } from "./payload-text.ts";

const PAYLOAD_BYTES_MAX = 1_024;
/** Of each stream; nothing else goes on while they are looked at. */
const ROWS_MAX = 20_000;

/** The newest messages with a doubt, of all streams, and how many were not stored at all. */
export async function newestRejections(
  streams: readonly Pick<StoredStream, "name" | "place">[],
  performance: Pick<PerformanceReport, "latest">,
  limit: number,
): Promise<Rejections> {
  const found: { stream: string; message: StoredMessage }[] = [];
  let isComplete = true;
  for (const { name, place } of streams) {
    const newest = readNewestFlagged(place, { limit, rowsMax: ROWS_MAX });
    isComplete &&= newest.isComplete;
    found.push(...newest.messages.map((message) => ({ stream: name, message })));
    await yieldToEvents();
  }
  found.sort((one, other) => other.message.receivedUs - one.message.receivedUs);
  const reported = performance.latest();
  return {
    rows: found.slice(0, limit).map(({ stream, message }) => {
      const { kind, reason } = outcomeWords(message.outcome);
      return {
        atMs: message.receivedUs / 1_000,
        stream,
        topic: message.topic,
        kind: kind === "rejected" ? "rejected" : "flagged",
        reason,
        payload: payloadText(message.payload, PAYLOAD_BYTES_MAX),
        bytes: message.payload.length,
      };
    }),
    lookedAt: ROWS_MAX,
    isComplete,
    dropped: reported?.dropped ?? null,
    unmatched: reported?.unmatched ?? null,
  };
}
