import type { Series } from "../../src/contract/series.ts";
import { now } from "../clock.ts";
import { Value } from "../parts/Value.tsx";
import { format } from "../preferences.ts";
import type { Newest } from "./HistoryChart.tsx";
import { LineMark } from "./LineMark.tsx";

interface SeriesTogglesProps {
  series: readonly Series[];
  shown: readonly string[];
  newest: ReadonlyMap<string, Newest>;
  onToggle: (name: string) => void;
}

/** A value older than so many of its usual intervals looks old. */
const OLD_INTERVALS = 3;
const OLD_MS_MIN = 60_000;

/** The legend of a chart: each series with its newest value, as a switch. */
export function SeriesToggles({ series, shown, newest, onToggle }: SeriesTogglesProps) {
  return (
    <ul class="toggles" aria-label="Series">
      {series.map((one, place) => {
        const isShown = shown.includes(one.series);
        const known = newest.get(one.series);
        const { value, atMs } =
          known !== undefined && known.atMs >= one.newestMs
            ? known
            : { value: one.newestValue, atMs: one.newestMs };
        const isOld = now.value - atMs > Math.max(OLD_MS_MIN, OLD_INTERVALS * one.intervalMs);
        return (
          <li key={one.series}>
            <button
              type="button"
              class="toggle"
              aria-pressed={isShown}
              title={`${one.series}\n${format.value.full(atMs)}`}
              onClick={() => onToggle(one.series)}
            >
              <LineMark place={place} />
              <span class="toggle-name">{one.name ?? one.path}</span>
              <Value value={value} unit={one.unit} kind={one.kind} isOld={isOld} />
            </button>
          </li>
        );
      })}
    </ul>
  );
}
