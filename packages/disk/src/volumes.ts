import { type Stats, statfsSync, statSync } from "node:fs";
import { dirname, sep } from "node:path";
import { nearestFolder } from "@weir/runtime";
import type { StreamConfig } from "@weir/streams";
import { type Forecast, forecast, growthADay, type Stock } from "./forecast.ts";
import type { IndexReport } from "./index-use.ts";
import type { StreamReport } from "./stream.ts";

/** One disk that Weir's files are on. */
export interface VolumeReport {
  /** The folders on it, the one of `DB_FILE` first. */
  folders: string[];
  bytes: number;
  freeBytes: number;
  weirBytes: number;
  growthBytesADay: number;
  /** `null` where no stream has a rate yet. */
  forecast: Forecast | null;
}

/** The folder of a stream, and of the one file of another. */
export const folderOf = ({ place }: StreamConfig): string =>
  place.kind === "folder" ? place.folder : dirname(place.file);

/** The disks of the streams; index and points are on that of `DB_FILE`. */
export function disksOf(
  reports: readonly StreamReport[],
  {
    index,
    leftovers,
    storeFolder,
    isWhole,
  }: {
    index: IndexReport;
    leftovers: readonly { bytes: number }[];
    storeFolder: string;
    isWhole: boolean;
  },
): VolumeReport[] {
  const disks = new Map<
    number,
    { folders: Set<string>; bytes: number; stocks: Stock[]; knows: boolean }
  >();
  const diskOf = (folder: string) => {
    const existing = nearestFolder(folder);
    const { dev } = statOf(existing) as Stats;
    const disk = disks.get(dev) ?? { folders: new Set(), bytes: 0, stocks: [], knows: false };
    disk.folders.add(existing);
    disks.set(dev, disk);
    return disk;
  };
  const main = diskOf(storeFolder);
  if (isWhole) {
    main.bytes += index.bytes + index.setAsideBytes;
    main.bytes += leftovers.reduce((sum, { bytes }) => sum + bytes, 0);
  }
  main.stocks.push(indexStock(index));
  for (const { stream, files, messageStock, pointStock } of reports) {
    const disk = diskOf(folderOf(stream));
    const { rows, archive, setAside, other, history } = files.sums;
    disk.bytes += rows.bytes + archive.bytes + setAside.bytes + other.bytes;
    main.bytes += history.bytes;
    if (messageStock !== null) {
      disk.stocks.push(messageStock);
      disk.knows = true;
    }
    if (pointStock !== null) main.stocks.push(pointStock);
  }
  return [...disks.values()].map(({ folders, bytes, stocks, knows }) => {
    const [first = storeFolder] = folders;
    const { blocks, bavail, bsize } = statfsSync(first);
    const freeBytes = bavail * bsize;
    return {
      folders: [...folders].filter((folder) => !isWithinAnother(folder, folders)),
      bytes: blocks * bsize,
      freeBytes,
      weirBytes: bytes,
      growthBytesADay: stocks.reduce((sum, stock) => sum + growthADay(stock), 0),
      forecast: knows && isWhole ? forecast(freeBytes, stocks) : null,
    };
  });
}

function isWithinAnother(folder: string, folders: ReadonlySet<string>): boolean {
  return [...folders].some((one) => folder.startsWith(one.endsWith(sep) ? one : one + sep));
}

function indexStock({ bytes, bytesADay }: IndexReport): Stock {
  return {
    bytes,
    days: 0,
    archivedBytes: 0,
    archivedDays: 0,
    bytesADay: bytesADay.value,
    keptDays: Number.POSITIVE_INFINITY,
    archiveAfterDays: Number.POSITIVE_INFINITY,
    archiveShare: 1,
    bytesMax: null,
    freeDiskBytesMin: null,
  };
}

/** `null` for what is not there. */
export const statOf = (path: string): Stats | null =>
  statSync(path, { throwIfNoEntry: false }) ?? null;
