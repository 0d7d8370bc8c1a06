import type { FlowNote } from "@weir/flows/contract";

/** A problem of a file, and what it is about. */
export interface PlacedProblem {
  /** A note is about what is valid and may not be meant. */
  isNote: boolean;
  /** As the server wrote it. */
  line: string;
  /** Of the file; `null` where it has none. */
  lineNumber: number | null;
  flow: string | null;
  node: string | null;
  /** Of the node's configuration. */
  key: string | null;
  /** Without file and place. */
  words: string;
}

const LINE = /^\S+?\.ya?ml(?::(\d+))?: (.*)$/s;
const PLACE = /^flows\.([\w-]+)(?:\.nodes\.([\w-]+)(?:\.([\w-]+))?)?[^\s:]*(?:: | )/;

/** Finds the place that `file.yaml:12: flows.freezer.nodes.warm.above "x": it must be a number` names. */
export function placed(line: string): PlacedProblem {
  const [, number, rest = line] = LINE.exec(line) ?? [];
  const place = PLACE.exec(rest);
  const words = place === null ? rest : rest.slice(place[0].length);
  return {
    isNote: false,
    line,
    lineNumber: number === undefined ? null : Number(number),
    flow: place?.[1] ?? null,
    node: place?.[2] ?? null,
    key: place?.[3] ?? null,
    words: capitalized(words),
  };
}

/** A note, where problems are shown. */
export function placedNote({ flow, node, line, words }: FlowNote): PlacedProblem {
  return {
    ...{ isNote: true, line: `${flow} ${node} ${words}` },
    ...{ lineNumber: line, flow, node, key: null, words: capitalized(words) },
  };
}

function capitalized(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
