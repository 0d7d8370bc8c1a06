import { useState } from "preact/hooks";
import type { History } from "../../src/contract/series.ts";
import { labelOf } from "../parts/series-words.ts";
import { format } from "../preferences.ts";
import type { Shown } from "./plot.ts";
import { readingOf, timeOf } from "./reading.ts";

/** The same as a table, the newest first: for those who do not see the chart, or want to read it. */
export function ChartTable({ history, shown }: { history: History; shown: readonly Shown[] }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details class="chart-table" onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary>As a table</summary>
      {isOpen ? <Rows history={history} shown={shown} /> : null}
    </details>
  );
}

function Rows({ history, shown }: { history: History; shown: readonly Shown[] }) {
  const names = new Set(shown.map(({ series }) => series.series));
  const columns = history.series.filter(({ series }) => names.has(series.series));
  const places = history.edgesMs
    .slice(0, -1)
    .map((_, place) => place)
    .filter((place) => columns.some(({ count }) => (count[place] ?? 0) > 0))
    .reverse();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
    <section class="wide chart-rows" tabIndex={0} aria-label="Values of the chart">
      <table>
        <thead>
          <tr>
            <th scope="col">Time</th>
            {columns.map(({ series }) => (
              <th scope="col" class="number" key={series.series}>
                {labelOf(series)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {places.map((place) => (
            <tr key={history.edgesMs[place]}>
              <td>{timeOf(history, place, format.value)}</td>
              {columns.map((one) => (
                <td class="number" key={one.series.series}>
                  {readingOf(one, place, format.value)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
