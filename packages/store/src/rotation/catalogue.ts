import { statSync } from "node:fs";
import { join } from "node:path";
import { isFinished } from "./make-segment.ts";
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

export type Catalogue = ReturnType<typeof createCatalogue>;

/** Lists the segments of an open store, without reading the folder each time. */
export function createCatalogue(folder: string, found: readonly SegmentName[]) {
  let segments = [...found];
  // A finished segment no longer changes, and there may be thousands.
  const finished = new Map<string, SegmentInfo>();

  function infoOf(segment: SegmentName): SegmentInfo | null {
    const known = finished.get(segment.name);
    if (known !== undefined) return known;
    const info = readInfo(segment, join(folder, segment.name));
    if (info === null || segment === segments.at(-1)) return info && { ...info, state: "live" };
    if (info.state === "finished") finished.set(segment.name, info);
    return info;
  }

  /** In order; the last is the live one. Skips what an operator has removed by hand. */
  const infos = (): SegmentInfo[] => segments.map(infoOf).filter((info) => info !== null);

  return {
    infos,
    liveFile: (): string => join(folder, (segments.at(-1) as SegmentName).name),
    /** The size of all segments. */
    bytes: (): number => infos().reduce((sum, { bytes }) => sum + bytes, 0),
    /** Adds the next live segment. */
    add(segment: SegmentName): void {
      segments.push(segment);
    },
    drop(name: string): void {
      segments = segments.filter((segment) => segment.name !== name);
      finished.delete(name);
    },
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
