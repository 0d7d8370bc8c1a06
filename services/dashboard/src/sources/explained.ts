import { formatSeries } from "@weir/series";
import type { Explained } from "@weir/streams";
import type { Explained as ExplainedPayload } from "../contract/series.ts";
import { outcomeWords } from "./outcome-words.ts";
import { payloadText } from "./payload-text.ts";

const PAYLOAD_BYTES_MAX = 64 * 1024;

/** A stored payload and how it was read, as the API describes it. */
export function explainedToContract({
  stream,
  message,
  reading,
  aboutOf,
}: Explained): ExplainedPayload {
  const { topic, points, ignored, family, timeSource, observedUs } = reading;
  return {
    stream,
    topic: message.topic,
    receivedMs: message.receivedUs / 1_000,
    observedMs: observedUs / 1_000,
    timeSource,
    isRetained: message.retained,
    family,
    outcome: outcomeWords(message.outcome),
    bytes: message.payload.length,
    payload: payloadText(message.payload, PAYLOAD_BYTES_MAX),
    points: points.map((point) => {
      const { unit, kind } = aboutOf(point.path);
      return {
        series: formatSeries({ stream, topic, path: point.path }),
        path: point.path,
        value: point.value,
        unit: unit ?? null,
        kind: kind ?? point.kind ?? "gauge",
        observedMs: point.observedUs / 1_000,
      };
    }),
    ignored: ignored.map(({ path, reason }) => ({ path, reason })),
  };
}
