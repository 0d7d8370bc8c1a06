import { linePath } from "./line-path.ts";

const WIDTH = 240;
const HEIGHT = 40;

/** A small line without axes; the words beside it say what it is. */
export function Sparkline({
  values,
  label,
}: {
  values: readonly (number | null)[];
  label: string;
}) {
  return (
    <svg
      class="sparkline"
      viewBox={`-2 -2 ${WIDTH + 4} ${HEIGHT + 4}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <title>{label}</title>
      <path d={linePath(values, WIDTH, HEIGHT)} />
    </svg>
  );
}
