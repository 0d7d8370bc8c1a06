import type { Averages as AveragesEvent } from "../../src/contract/status.ts";
import { api } from "../api.ts";
import { now, serverNow } from "../clock.ts";
import { averages, awaySinceMs } from "../page-stream.ts";
import { useLoaded } from "../parts/loaded.ts";
import { lineOf, pastOf } from "../parts/past-lines.ts";
import { Sparkline } from "../parts/Sparkline.tsx";
import { format } from "../preferences.ts";

const SPANS = ["1min", "5min", "30min"] as const;
const WORDS = { "1min": "1 min", "5min": "5 min", "30min": "30 min" } as const;
const PAST_MS = 30 * 60_000;
/** Readings that have just begun fill the width, too. */
const PAST_MS_MIN = 2 * 60_000;
const PAST_BUCKETS = 120;
const PAST_EVERY_MS = 15_000;
/** The stream of the readings that are averaged. */
const READINGS = "data";

/** The averages of the readings, as they come. Digits stay where they are. */
export function Averages() {
  const event = averages.value;
  const isStale = event !== null && (event.isStale || awaySinceMs.value !== null);
  return (
    <section class={isStale ? "averages old" : "averages"} aria-label="Averages of the readings">
      <dl>
        {SPANS.map((span) => (
          <div key={span}>
            <dt>{WORDS[span]}</dt>
            <dd class="large">{numberOf(event, span)}</dd>
            <dd class="detail">{detailOf(event, span)}</dd>
          </div>
        ))}
      </dl>
      <ReadingsLine />
      <p class="quiet" role="status">
        {wordsOf(event, isStale)}
      </p>
    </section>
  );
}

function numberOf(event: AveragesEvent | null, span: (typeof SPANS)[number]): string {
  const value = event?.[`avg_${span}`] ?? null;
  return value === null ? "–" : format.value.steady(value);
}

function detailOf(event: AveragesEvent | null, span: (typeof SPANS)[number]): string {
  const detail = event?.windows?.[span];
  if (detail === undefined) return "\u00a0";
  if (detail.count === 0 || detail.min === null || detail.max === null) return "no readings";
  const { count, number } = format.value;
  return `${count(detail.count)} readings, ${number(detail.min)} to ${number(detail.max)}`;
}

function wordsOf(event: AveragesEvent | null, isStale: boolean): string {
  if (event === null) return "";
  if (event.atMs === null)
    return "No averages have come yet. stats publishes them when readings come.";
  return isStale
    ? `As of ${format.value.when(event.atMs, now.value)}. Newer ones do not come.`
    : "";
}

/** What the readings were like in the last half hour, or since they began. */
function ReadingsLine() {
  const past = useLoaded(
    "readings",
    async (signal) => {
      const { series } = await api.series({ stream: READINGS, kind: "gauge", limit: 1 }, signal);
      const [first] = series;
      if (first === undefined) return null;
      const ageMs = serverNow() - first.firstMs;
      const spanMs = Math.min(PAST_MS, Math.max(PAST_MS_MIN, ageMs));
      const history = await pastOf([first.series], spanMs, PAST_BUCKETS, signal);
      return { values: history.series.flatMap((one) => lineOf(one, history.edgesMs)), spanMs };
    },
    { everyMs: PAST_EVERY_MS },
  );
  const { values, spanMs } = past.value ?? { values: [], spanMs: 0 };
  const span = format.value.duration(spanMs);
  return (
    <figure>
      {values.some((value) => value !== null) ? (
        <>
          <Sparkline values={values} label={`The readings of the last ${span}`} />
          <figcaption>
            <span>{span} ago</span>
            <span>readings</span>
            <span>now</span>
          </figcaption>
        </>
      ) : null}
    </figure>
  );
}
