import { useState } from "preact/hooks";
import type { Series } from "../../src/contract/series.ts";
import { deviceAddress } from "../addresses.ts";
import { addressOf, api, RequestError } from "../api.ts";
import { HistoryChart } from "../chart/HistoryChart.tsx";
import { LineMark } from "../chart/LineMark.tsx";
import { edgesOfRange } from "../chart/range.ts";
import { useRange } from "../chart/use-range.ts";
import { now } from "../clock.ts";
import { Icon } from "../parts/Icon.tsx";
import { useLoaded } from "../parts/loaded.ts";
import type { Newest } from "../parts/newest.ts";
import { isOld, labelOf } from "../parts/series-words.ts";
import { Age, Value } from "../parts/Value.tsx";
import { goQuery } from "../router.ts";
import { NewestPayload } from "./NewestPayload.tsx";

/** Lines on one chart. */
export const SERIES_SHOWN_MAX = 12;
const FORMATS = [
  { format: "csv", title: "CSV" },
  { format: "jsonl", title: "JSON lines" },
  { format: "parquet", title: "Parquet" },
] as const;
const EVERY_MS = 15_000;

interface SelectedProps {
  names: readonly string[];
  onRemove: (name: string) => void;
}

/** The chosen series together: chart, newest values and payloads, export. */
export function Selected({ names, onRemove }: SelectedProps) {
  const [range, setRange] = useRange();
  const [newest, setNewest] = useState<ReadonlyMap<string, Newest>>(new Map());
  const known = useLoaded(`chosen ${names.join(" ")}`, (signal) => knownOf(names, signal), {
    everyMs: EVERY_MS,
  });
  const there = known.value === null ? [] : names.filter((name) => known.value?.has(name));
  const topics = new Set(there.map((name) => known.value?.get(name)?.topic ?? ""));
  const { fromMs, toMs } = edgesOfRange(range, now.value);
  return (
    <section class="selected" aria-label="Chosen series">
      {there.length === 0 ? null : (
        <HistoryChart
          names={there}
          placeOf={(name) => names.indexOf(name)}
          range={range}
          onRange={setRange}
          onNewest={setNewest}
        />
      )}
      <ul class="chosen" aria-label="On the chart">
        {names.map((name, place) => (
          <li key={name}>
            <LineMark place={place} />
            <Chosen
              name={name}
              series={known.value?.get(name)}
              isKnown={known.value !== null}
              newest={newest.get(name)}
            />
            <button
              type="button"
              class="icon-button"
              aria-label={`Take ${name} off the chart`}
              onClick={() => onRemove(name)}
            >
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
      <div class="selected-actions">
        <span class="quiet">Export what is seen:</span>
        {FORMATS.map(({ format, title }) => (
          <a
            key={format}
            class="button"
            download
            href={addressOf("/exports/points", {
              series: there,
              fromMs: Math.floor(fromMs),
              toMs: Math.ceil(toMs),
              format,
            })}
          >
            <Icon name="download" />
            {title}
          </a>
        ))}
        <button type="button" class="link" onClick={() => goQuery({ series: null })}>
          Clear
        </button>
      </div>
      {[...topics].map((topic) => (
        <NewestPayload key={topic} topic={topic} />
      ))}
    </section>
  );
}

interface ChosenProps {
  name: string;
  series: Series | undefined;
  isKnown: boolean;
  newest: Newest | undefined;
}

function Chosen({ name, series, isKnown, newest }: ChosenProps) {
  if (series === undefined) {
    return (
      <span class="name">
        <strong>{name}</strong>
        {isKnown ? <span>There is no such series now.</span> : null}
      </span>
    );
  }
  const { device, unit, kind, newestValue, newestMs } = series;
  const isNewer = newest !== undefined && newest.atMs >= newestMs;
  return (
    <>
      <span class="name">
        <strong>{labelOf(series)}</strong>
        <a href={deviceAddress(device.id)}>{device.name}</a>
      </span>
      <span class="newest">
        <Value
          value={isNewer ? newest.value : newestValue}
          unit={unit}
          kind={kind}
          isOld={isOld(series, now.value)}
        />
        <Age atMs={isNewer ? newest.atMs : newestMs} />
      </span>
    </>
  );
}

/** The series by their names; those that are gone are left out. */
async function knownOf(names: readonly string[], signal: AbortSignal) {
  const found = await Promise.all(
    names.map(async (name) => {
      try {
        return await api.oneSeries(name, signal);
      } catch (error) {
        if (error instanceof RequestError && error.status === 404) return null;
        throw error;
      }
    }),
  );
  return new Map(found.flatMap((one) => (one === null ? [] : [[one.series, one] as const])));
}
