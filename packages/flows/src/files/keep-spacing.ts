import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";

/** Where more lines differ, they are replaced as a whole. */
const COMPARED_MAX = 4_000_000;

/** Lines that are replaced: those of the former text, by their numbers, and what comes instead. */
interface Change {
  from: number;
  to: number;
  lines: readonly string[];
}

/**
 * Makes the change between two texts in a third, which has the content of the first one with other spacing.
 *
 * @returns the text after the change, with its own spacing, where that cannot be done.
 */
export function keepSpacing(text: string, before: string, after: string): string {
  if (visible(text) !== visible(before)) return after;
  const formerLines = before.split("\n");
  const placeOf = placesIn(text, formerLines);
  // A line is indented as the nearest one above it that is as deep, or less deep.
  const indentedAs = (line: string, number: number): string => {
    const depth = depthOf(line);
    for (let above = number - 1; above >= 0 && line.trim() !== ""; above -= 1) {
      const like = formerLines[above] ?? "";
      if (like.trim() === "" || depthOf(like) > depth) continue;
      const place = placeOf(above);
      const added = depth - depthOf(like);
      return (
        " ".repeat(depthOf(text.slice(place, text.indexOf("\n", place))) + added) + line.trim()
      );
    }
    return line;
  };
  let kept = "";
  let reached = 0;
  for (const { from, to, lines } of changesOf(formerLines, after.split("\n"))) {
    const indented = lines.map((line) => `${indentedAs(line, from)}\n`);
    kept += text.slice(reached, placeOf(from)) + indented.join("");
    reached = placeOf(to);
  }
  kept += text.slice(reached);
  return isSame(kept, after) ? kept : after;
}

const depthOf = (line: string): number => line.length - line.trimStart().length;
const visible = (text: string): string => text.replace(/\s+/g, "");

function isSame(one: string, other: string): boolean {
  try {
    return isDeepStrictEqual(parse(one), parse(other)) && visible(one) === visible(other);
  } catch {
    return false;
  }
}

/** @returns finds where a line of the former text begins in the other one: both have the same visible characters. */
function placesIn(text: string, lines: readonly string[]): (line: number) => number {
  const places = [0];
  let place = 0;
  for (const line of lines) {
    for (let rest = visible(line).length; rest > 0; place += 1) {
      if (/\S/.test(text.charAt(place))) rest -= 1;
    }
    const end = text.indexOf("\n", place);
    const isEnd = end !== -1 && text.slice(place, end).trim() === "";
    if (isEnd && line.trim() !== "") place = end + 1;
    places.push(place);
  }
  return (line) => places[line] ?? text.length;
}

/** The changes that lead from some lines to others, in order. */
function changesOf(before: readonly string[], after: readonly string[]): Change[] {
  let begin = 0;
  while (begin < before.length && begin < after.length && before[begin] === after[begin])
    begin += 1;
  let end = 0;
  const endMax = Math.min(before.length, after.length) - begin;
  while (end < endMax && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const olds = before.slice(begin, before.length - end);
  const news = after.slice(begin, after.length - end);
  if (olds.length * news.length > COMPARED_MAX) {
    return [{ from: begin, to: begin + olds.length, lines: news }];
  }
  return between(olds, news).map(({ from, to, lines }) => ({
    from: begin + from,
    to: begin + to,
    lines,
  }));
}

/** By the longest sequence of lines that both have. */
function between(olds: readonly string[], news: readonly string[]): Change[] {
  const width = news.length + 1;
  const common = new Uint32Array((olds.length + 1) * width);
  const at = (old: number, fresh: number): number => common[old * width + fresh] ?? 0;
  for (let old = olds.length - 1; old >= 0; old -= 1) {
    for (let fresh = news.length - 1; fresh >= 0; fresh -= 1) {
      common[old * width + fresh] =
        olds[old] === news[fresh]
          ? at(old + 1, fresh + 1) + 1
          : Math.max(at(old + 1, fresh), at(old, fresh + 1));
    }
  }
  const changes: Change[] = [];
  let [old, fresh] = [0, 0];
  while (old < olds.length || fresh < news.length) {
    const [from, first] = [old, fresh];
    while (old < olds.length || fresh < news.length) {
      const isCommon = old < olds.length && fresh < news.length && olds[old] === news[fresh];
      if (isCommon) break;
      if (old < olds.length && at(old + 1, fresh) >= at(old, fresh + 1)) old += 1;
      else fresh += 1;
    }
    if (old > from || fresh > first)
      changes.push({ from, to: old, lines: news.slice(first, fresh) });
    while (old < olds.length && fresh < news.length && olds[old] === news[fresh]) {
      old += 1;
      fresh += 1;
    }
  }
  return changes;
}
