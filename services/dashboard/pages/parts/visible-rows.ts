/** Rows of one height, above and below the screen by so many. */
const SPARE_ROWS = 6;

export interface VisibleRows {
  first: number;
  /** Behind the last one. */
  end: number;
}

/**
 * Which rows of a list the screen shows.
 * @param topPx where the list begins, relative to the top of the screen; negative once it is scrolled
 */
export function visibleRows(
  total: number,
  rowPx: number,
  topPx: number,
  screenPx: number,
): VisibleRows {
  const first = Math.floor(-topPx / rowPx) - SPARE_ROWS;
  const end = Math.ceil((screenPx - topPx) / rowPx) + SPARE_ROWS;
  const within = (row: number): number => Math.max(0, Math.min(total, row));
  return { first: within(first), end: within(end) };
}
