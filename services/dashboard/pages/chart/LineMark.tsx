import { lineStyle } from "./palette.ts";

/** A piece of the line of a series, as it is drawn. */
export function LineMark({ place }: { place: number }) {
  const { token, dash } = lineStyle(place);
  return (
    <svg class="line-mark" viewBox="0 0 20 8" aria-hidden="true">
      <path d="M1 4h18" style={{ stroke: `var(${token})`, strokeDasharray: dash.join(" ") }} />
    </svg>
  );
}
