import type { History } from "../../src/contract/series.ts";
import { labelOf } from "../parts/series-words.ts";
import { format } from "../preferences.ts";
import { LineMark } from "./LineMark.tsx";
import type { Shown } from "./plot.ts";
import { readingOf, timeOf } from "./reading.ts";

interface ChartReadingProps {
  history: History;
  shown: readonly Shown[];
  cursor: { place: number; leftPixels: number };
  /** Of the chart, in CSS pixels. */
  width: number;
}

/** The values of all series under the cursor, on the side where the cursor is not. */
export function ChartReading({ history, shown, cursor, width }: ChartReadingProps) {
  if (cursor.place >= history.edgesMs.length - 1) return null;
  const side = cursor.leftPixels < width / 2 ? "at-end" : "at-start";
  return (
    <div class={`chart-reading ${side}`} aria-hidden="true">
      <p>{timeOf(history, cursor.place, format.value)}</p>
      <dl>
        {shown.map(({ series, place }) => {
          const columns = history.series.find((one) => one.series.series === series.series);
          return columns === undefined ? null : (
            <div key={series.series}>
              <dt>
                <LineMark place={place} />
                {labelOf(series)}
              </dt>
              <dd>{readingOf(columns, cursor.place, format.value)}</dd>
            </div>
          );
        })}
      </dl>
    </div>
  );
}
