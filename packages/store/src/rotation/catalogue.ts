import { statSync } from "node:fs";
import { join } from "node:path";
import { isFinished } from "./seal.ts";
import type { SegmentName } from "./segment-name.ts";

/** One file of a stream. */
export interface SegmentInfo {
  /** Relative to the stream's folder, with a slash. */
  name: string;
  file: string;
  /** The time in its name: when it was begun, or just after the segment before it if the clock was set back. */
  createdUs: number;
  /** With its write-ahead log, while it has one. */
  bytes: number;
  /** `sealed` has its last row; `finished` is one portable, read-only file besides. */
  state: "live" | "sealed" | "finished";
}

/** The segments of an open store, without reading the folder again and again. */
export interface Catalogue {
  live(): SegmentName & { file: string };
  /** The next live one. */
  add(segment: SegmentName): void;
  drop(name: string): void;
  /** In order; the last is the live one. What somebody has taken away by hand is passed over. */
  infos(): SegmentInfo[];
}

export function createCatalogue(folder: string, found: readonly SegmentName[]): Catalogue {
  let segments = [...found];
  // A finished one changes no more: there may be thousands.
  const finished = new Map<string, SegmentInfo>();
  const pathOf = ({ name }: SegmentName): string => join(folder, name);
  const newest = (): SegmentName => segments.at(-1) as SegmentName;

  function infoOf(segment: SegmentName): SegmentInfo | null {
    const known = finished.get(segment.name);
    if (known !== undefined) return known;
    const info = readInfo(segment, pathOf(segment));
    if (info === null || segment === newest()) return info && { ...info, state: "live" };
    if (info.state === "finished") finished.set(segment.name, info);
    return info;
  }

  return {
    live: () => ({ ...newest(), file: pathOf(newest()) }),
    add: (segment) => {
      segments.push(segment);
    },
    drop: (name) => {
      segments = segments.filter((segment) => segment.name !== name);
      finished.delete(name);
    },
    infos: () => segments.map(infoOf).filter((info) => info !== null),
  };
}

function readInfo({ name, namedUs }: SegmentName, file: string): SegmentInfo | null {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return null;
  const facts = { name, file, createdUs: namedUs };
  if (isFinished(stats)) return { ...facts, bytes: stats.size, state: "finished" };
  const journal = statSync(`${file}-wal`, { throwIfNoEntry: false });
  return { ...facts, bytes: stats.size + (journal?.size ?? 0), state: "sealed" };
}
