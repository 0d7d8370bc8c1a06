import type { Series } from "../../src/contract/series.ts";
import { api } from "../api.ts";
import { useLoaded } from "../parts/loaded.ts";
import { ErrorNote } from "../parts/Notes.tsx";
import { format } from "../preferences.ts";
import { pointsByBucket } from "./deletion-plan.ts";
import type { PreviewState } from "./use-preview.ts";

interface DeletionPreviewProps {
  preview: PreviewState;
  isAsked: boolean;
  /** Whose days are shown. */
  series: readonly Series[];
  times: { fromMs: number; toMs: number } | null;
}

const TOPICS_SHOWN = 5;

/** How much would go: counts, topics, and a bar for each day. */
export function DeletionPreview({ preview, isAsked, series, times }: DeletionPreviewProps) {
  const { value, problem, isLoading } = preview;
  const { count, bytes, when } = format.value;
  if (problem !== null) return <ErrorNote problem={problem} />;
  if (!isAsked) {
    return (
      <p class="quiet">
        {times === null ? "The end must lie after the beginning." : "Choose what to delete."}
      </p>
    );
  }
  if (value === null) return <p class="quiet">Counting…</p>;
  const topics = value.topics.slice(0, TOPICS_SHOWN);
  const nowMs = Date.now();
  return (
    <section class="deletion-preview" aria-label="What would be deleted" aria-busy={isLoading}>
      <p aria-live="polite">
        <strong>{count(value.rows)}</strong> {value.rows === 1 ? "reading" : "readings"}
        {value.rows === 0 || value.firstMs === null || value.lastMs === null ? null : (
          <span class="quiet">
            {" "}
            of {bytes(value.bytes)}, {when(value.firstMs, nowMs)} – {when(value.lastMs, nowMs)}
          </span>
        )}
      </p>
      {value.rows === 0 || value.firstMs === null || value.lastMs === null ? null : (
        <Days series={series} fromMs={value.firstMs} toMs={value.lastMs + 1} />
      )}
      <ul>
        {topics.map(({ topic, rows }) => (
          <li key={topic}>
            <code>{topic}</code> <span class="quiet">{count(rows)}</span>
          </li>
        ))}
        {value.otherTopicsRows === 0 ? null : (
          <li class="quiet">other topics {count(value.otherTopicsRows)}</li>
        )}
      </ul>
      {value.skipped.map((reason) => (
        <p class="quiet" key={reason}>
          Not all of it could be read: {reason}
        </p>
      ))}
    </section>
  );
}

const BARS_MAX = 40;

function Days({
  series,
  fromMs,
  toMs,
}: {
  series: readonly Series[];
  fromMs: number;
  toMs: number;
}) {
  const names = series.map((one) => one.series).slice(0, 100);
  const question = { series: names, fromMs, toMs, buckets: BARS_MAX, timeZone: format.value.zone };
  const key = names.length === 0 ? null : `days ${JSON.stringify(question)}`;
  const { value } = useLoaded(key, (signal) => api.history(question, signal));
  const bars = value === null ? [] : pointsByBucket(value);
  const most = Math.max(1, ...bars.map(({ points }) => points));
  const { day, clock, count } = format.value;
  const label = (ms: number): string => `${day(ms)} ${clock(ms)}`;
  return (
    <div class="days" role="img" aria-label="Values over that time">
      {bars.map(({ fromMs: barMs, points }) => (
        <div
          key={barMs}
          title={`${label(barMs)}: ${count(points)} values`}
          style={{ blockSize: points === 0 ? "0" : `max(2px, ${(100 * points) / most}%)` }}
        />
      ))}
    </div>
  );
}
