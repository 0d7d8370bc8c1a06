/** The end of a sentence about a word that is none of those that there are: `; did you mean depth?` */
export function didYouMean(text: string, words: readonly string[]): string {
  const suggestion = suggestionFor(text, words);
  return suggestion === null ? "" : `; did you mean ${suggestion}?`;
}

/** The one of some words that a text was probably meant to be; `null` when none is like it. */
export function suggestionFor(text: string, words: readonly string[]): string | null {
  const allowed = Math.max(1, Math.floor(text.length / 3));
  const [nearest] = words
    .map((word) => ({ word, edits: editsBetween(text.toLowerCase(), word.toLowerCase()) }))
    .filter(({ edits }) => edits <= allowed)
    .sort((a, b) => a.edits - b.edits);
  return nearest?.word ?? null;
}

const LENGTH_MAX = 40;

/** The edit distance of Levenshtein: how many letters are to be put in, taken out or changed. */
function editsBetween(from: string, to: string): number {
  if (from.length > LENGTH_MAX) return Number.POSITIVE_INFINITY;
  let above = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [row, letter] of [...from].entries()) {
    let left = row + 1;
    const current = [left];
    for (const [column, other] of [...to].entries()) {
      const changed = (above[column] ?? 0) + (letter === other ? 0 : 1);
      left = Math.min(left + 1, (above[column + 1] ?? 0) + 1, changed);
      current.push(left);
    }
    above = current;
  }
  return above.at(-1) ?? from.length;
}
