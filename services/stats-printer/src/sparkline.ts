const BARS = "▁▂▃▄▅▆▇█";

/** Values as a line of bars, lowest to highest of those given; a gap where there is no value. */
export function sparkline(values: readonly (number | null)[]): string {
  const known = values.filter((value) => value !== null);
  const min = Math.min(...known);
  const span = Math.max(...known) - min;
  return values
    .map((value) => {
      if (value === null) return " ";
      const height = span === 0 ? 0.5 : (value - min) / span;
      return BARS[Math.round(height * (BARS.length - 1))];
    })
    .join("");
}
