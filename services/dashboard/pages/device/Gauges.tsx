import type { Series } from "../../src/contract/series.ts";
import { Age, Value } from "../parts/Value.tsx";
import { format } from "../preferences.ts";
import { gaugesOf } from "./gauges.ts";

const GAUGES_MAX = 8;

/** Values of which the range is known, as bars from 0 to 100 percent. */
export function Gauges({ series }: { series: readonly Series[] }) {
  const gauges = gaugesOf(series).slice(0, GAUGES_MAX);
  if (gauges.length === 0) return null;
  return (
    <section class="card gauges" aria-label="Shares">
      {gauges.map(({ label, percent, parts, atMs }) => (
        <div class="gauge" key={label}>
          <div class="gauge-head">
            <span class="gauge-label">{label}</span>
            <Value value={percent} unit="%" />
          </div>
          <meter aria-label={label} min={0} max={100} value={percent} />
          <p class="quiet">
            {parts === null ? (
              <Age atMs={atMs} />
            ) : (
              <>
                {quantity(parts.used, parts.unit)} of {quantity(parts.total, parts.unit)}
              </>
            )}
          </p>
        </div>
      ))}
    </section>
  );
}

function quantity(value: number, given: string | null): string {
  const { text, unit } = format.value.quantity(value, given);
  return unit === null ? text : `${text} ${unit}`;
}
