import { isUtf8 } from "node:buffer";
import { OUTCOMES, textOf } from "@weir/protocol";
import { formatSeries } from "@weir/series";
import type { Explained as StoredAndRead } from "@weir/streams";
import type { Explained } from "../contract/series.ts";

/** Of a payload that is text, as much is shown. */
const PAYLOAD_BYTES_MAX = 65_536;

const outcomes = new Map<number, Explained["outcome"]>(
  OUTCOMES.map(({ code, kind, reason }) => [code, { kind, reason }]),
);

/** A payload and how it was read, as the API describes it. */
export function explainedToContract(explained: StoredAndRead): Explained {
  const { stream, message, reading, aboutOf } = explained;
  const { receivedUs, topic, retained, payload, outcome } = message;
  return {
    stream,
    topic,
    receivedMs: receivedUs / 1_000,
    observedMs: reading.observedUs / 1_000,
    timeSource: reading.timeSource,
    isRetained: retained,
    family: reading.family,
    outcome: outcomes.get(outcome) ?? {
      kind: "flagged",
      reason: `a newer Weir has stored it as ${outcome}`,
    },
    bytes: payload.length,
    payload: isUtf8(payload) ? textOf(payload.subarray(0, PAYLOAD_BYTES_MAX)) : null,
    points: reading.points.map(({ path, value, kind, observedUs }) => {
      const about = aboutOf(path);
      return {
        series: formatSeries({ stream, topic: reading.topic, path }),
        path,
        value,
        unit: about.unit ?? null,
        kind: about.kind ?? kind ?? "gauge",
        observedMs: observedUs / 1_000,
      };
    }),
    ignored: [...reading.ignored],
  };
}
