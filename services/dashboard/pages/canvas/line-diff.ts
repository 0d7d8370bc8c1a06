/** A line of two texts: in both, only in the old one, only in the new one. */
export interface DiffLine {
  kind: "same" | "removed" | "added";
  text: string;
}

/** More pairs of lines than this are not compared: the middle is shown as removed and added. */
const PAIRS_MAX = 4_000_000;
/** Lines shown around a change. */
const AROUND = 3;

/** What has changed from one text to another, line by line. */
export function lineDiff(before: string, after: string): DiffLine[] {
  const [old, fresh] = [linesOf(before), linesOf(after)];
  let start = 0;
  while (start < Math.min(old.length, fresh.length) && old[start] === fresh[start]) start += 1;
  let end = 0;
  while (
    end < Math.min(old.length, fresh.length) - start &&
    old.at(-1 - end) === fresh.at(-1 - end)
  ) {
    end += 1;
  }
  const middle = compared(
    old.slice(start, old.length - end),
    fresh.slice(start, fresh.length - end),
  );
  const same = (text: string): DiffLine => ({ kind: "same", text });
  return [...old.slice(0, start).map(same), ...middle, ...old.slice(old.length - end).map(same)];
}

/** The changes with some lines around; `null` stands for lines that are left out. */
export function changesOnly(lines: readonly DiffLine[]): (DiffLine | null)[] {
  const isNear = (at: number): boolean =>
    lines.slice(Math.max(0, at - AROUND), at + AROUND + 1).some(({ kind }) => kind !== "same");
  const result: (DiffLine | null)[] = [];
  for (const [at, line] of lines.entries()) {
    if (isNear(at)) result.push(line);
    else if (result.at(-1) !== null) result.push(null);
  }
  return result;
}

function linesOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** By the longest common subsequence. */
function compared(old: readonly string[], fresh: readonly string[]): DiffLine[] {
  const removed = (text: string): DiffLine => ({ kind: "removed", text });
  const added = (text: string): DiffLine => ({ kind: "added", text });
  if (old.length * fresh.length > PAIRS_MAX) return [...old.map(removed), ...fresh.map(added)];
  const width = fresh.length + 1;
  const longest = new Uint32Array((old.length + 1) * width);
  const at = (row: number, column: number): number => longest[row * width + column] as number;
  for (let row = old.length - 1; row >= 0; row -= 1) {
    for (let column = fresh.length - 1; column >= 0; column -= 1) {
      longest[row * width + column] =
        old[row] === fresh[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const lines: DiffLine[] = [];
  let [row, column] = [0, 0];
  while (row < old.length && column < fresh.length) {
    if (old[row] === fresh[column]) {
      lines.push({ kind: "same", text: old[row] as string });
      row += 1;
      column += 1;
    } else if (at(row + 1, column) >= at(row, column + 1)) {
      lines.push(removed(old[row] as string));
      row += 1;
    } else {
      lines.push(added(fresh[column] as string));
      column += 1;
    }
  }
  return [...lines, ...old.slice(row).map(removed), ...fresh.slice(column).map(added)];
}
