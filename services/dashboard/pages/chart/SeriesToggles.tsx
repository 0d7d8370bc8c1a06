import { useState } from "preact/hooks";
import type { Series } from "../../src/contract/series.ts";
import { now } from "../clock.ts";
import type { Newest } from "../parts/newest.ts";
import { isOld, labelOf } from "../parts/series-words.ts";
import { Value } from "../parts/Value.tsx";
import { format } from "../preferences.ts";
import { LineMark } from "./LineMark.tsx";

interface SeriesTogglesProps {
  series: readonly Series[];
  shown: readonly string[];
  newest: ReadonlyMap<string, Newest>;
  /** Whether its newest value was deleted. */
  isGone: (series: Series) => boolean;
  onToggle: (name: string) => void;
}

const LISTED_MAX = 15;

/** The legend of a chart: each series with its newest value, as a switch. */
export function SeriesToggles({ series, shown, newest, isGone, onToggle }: SeriesTogglesProps) {
  const [isWhole, setIsWhole] = useState(series.length <= LISTED_MAX + 3);
  return (
    <ul class="toggles" aria-label="Series">
      {series.map((one, place) => {
        const isShown = shown.includes(one.series);
        if (!isWhole && !isShown && place >= LISTED_MAX) return null;
        const known = newest.get(one.series);
        const { value, atMs } =
          known !== undefined && known.atMs >= one.newestMs
            ? known
            : { value: one.newestValue, atMs: one.newestMs };
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
              <span class="toggle-name">{labelOf(one)}</span>
              <Value
                value={isGone(one) ? null : value}
                unit={one.unit}
                kind={one.kind}
                isOld={isOld({ ...one, receivedMs: Math.max(atMs, one.receivedMs) }, now.value)}
              />
            </button>
          </li>
        );
      })}
      {isWhole ? null : (
        <li>
          <button type="button" class="toggle" onClick={() => setIsWhole(true)}>
            All {series.length} series
          </button>
        </li>
      )}
    </ul>
  );
}
