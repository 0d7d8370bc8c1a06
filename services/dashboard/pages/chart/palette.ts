const COLOURS = 8;

/** More series than colours: the others are dashed. */
const DASHES: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [10, 3, 2, 3]];

/** How the line of a series looks, by its place in the list: a colour of the stylesheet, and a dash. */
export function lineStyle(place: number): { token: string; dash: readonly number[] } {
  return {
    token: `--series-${(place % COLOURS) + 1}`,
    dash: DASHES[Math.floor(place / COLOURS) % DASHES.length] ?? [],
  };
}

/** A colour of the stylesheet as scripts read it, let through in part. @param opacity 0 to 1. */
export function translucent(colour: string, opacity: number): string {
  const parts = /^rgb\(([^)]*)\)$/.exec(colour)?.[1];
  return parts === undefined ? colour : `rgba(${parts}, ${opacity})`;
}
