/** Data of one stream that grows at its end and loses its oldest part: its messages, or its points. Ages in days. */
export interface Stock {
  /** As it grows: SQLite of messages, Parquet of points. */
  bytes: number;
  /** How far back that reaches. */
  days: number;
  /** Messages as Parquet, all of them older than the others, and how far back they reach. */
  archivedBytes: number;
  archivedDays: number;
  bytesADay: number;
  /** How long it is kept; infinite for ever. */
  keptDays: number;
  /** From which age on it is archived; infinite for never. */
  archiveAfterDays: number;
  /** What an archive takes of what it replaces. */
  archiveShare: number;
  /** The oldest goes beyond that size. */
  bytesMax: number | null;
  /** The oldest goes while less of the disk is free. */
  freeDiskBytesMin: number | null;
}

/** How large a stock will be. What is there now is taken to be spread evenly over its age. */
export function bytesAfter(stock: Stock, days: number): number {
  const { bytesADay, keptDays, archiveAfterDays, archiveShare } = stock;
  const liveDays = Math.min(keptDays, archiveAfterDays);
  const grown =
    bytesADay *
    (Math.min(days, liveDays) + archiveShare * Math.max(0, Math.min(days, keptDays) - liveDays));
  const live = shareYoungerThan(liveDays - days, 0, stock.days);
  const kept = shareYoungerThan(keptDays - days, 0, stock.days);
  const archived = shareYoungerThan(keptDays - days, stock.days, stock.archivedDays);
  const old = stock.bytes * (live + archiveShare * (kept - live)) + stock.archivedBytes * archived;
  return Math.min(grown + old, stock.bytesMax ?? Number.POSITIVE_INFINITY);
}

/** What of data between two ages is younger than a third one. */
function shareYoungerThan(age: number, from: number, to: number): number {
  if (age <= from) return 0;
  if (age >= to) return 1;
  return (age - from) / (to - from);
}

/** How large it is in the end under other settings; infinite where it grows for ever. */
export function bytesInTheEnd(
  bytesADay: number,
  {
    keptDays,
    archiveAfterDays,
    archiveShare,
  }: Pick<Stock, "keptDays" | "archiveAfterDays" | "archiveShare">,
): number {
  if (bytesADay === 0) return 0;
  const liveDays = Math.min(keptDays, archiveAfterDays);
  return (
    bytesADay * liveDays +
    (keptDays > liveDays ? bytesADay * archiveShare * (keptDays - liveDays) : 0)
  );
}

/** What happens to a disk at these rates. Days from now; `null` for not within `FORECAST_DAYS`. */
export interface Forecast {
  fullAfterDays: number | null;
  /** When the first stream gives up its oldest messages for the free space of its `retention.freeDisk`. */
  makesWayAfterDays: number | null;
}

/** Ten years: no rate holds longer. */
export const FORECAST_DAYS = 3_653;
/** So many hours one by one, then days. */
const HOURLY = 72;

/** Only Weir's own growth counts: what other programs will write is not known. */
export function forecast(freeBytes: number, stocks: readonly Stock[]): Forecast {
  const nowBytes = stocks.reduce((sum, stock) => sum + bytesAfter(stock, 0), 0);
  let makesWayAfterDays: number | null = null;
  for (let hours = 0; hours <= FORECAST_DAYS * 24; hours += hours < HOURLY ? 1 : 24) {
    const days = hours / 24;
    const sizes = stocks.map((stock) => bytesAfter(stock, days));
    let free = freeBytes + nowBytes - sizes.reduce((sum, bytes) => sum + bytes, 0);
    for (const [at, { freeDiskBytesMin }] of stocks.entries()) {
      if (freeDiskBytesMin === null || free >= freeDiskBytesMin) continue;
      makesWayAfterDays ??= days;
      free += Math.min(sizes[at] as number, freeDiskBytesMin - free);
    }
    if (free <= 0) return { fullAfterDays: days, makesWayAfterDays };
  }
  return { fullAfterDays: null, makesWayAfterDays };
}

const DAY = 1;

/** By how much a stock grows within the next day; negative where what goes is more than what comes. */
export function growthADay(stock: Stock): number {
  return bytesAfter(stock, DAY) - bytesAfter(stock, 0);
}

/** After how many days it stops growing; `null` for never, 0 for a stock that does not grow now. */
export function growsForDays(stock: Stock): number | null {
  if (stock.bytesADay === 0) return 0;
  const { keptDays, bytesMax } = stock;
  const reach = Math.max(stock.days, stock.archivedDays);
  const byAge = keptDays - reach;
  const bySize = bytesMax === null ? Number.POSITIVE_INFINITY : daysUntil(stock, bytesMax);
  const days = Math.min(byAge, bySize);
  return days > FORECAST_DAYS ? null : Math.max(0, days);
}

function daysUntil(stock: Stock, bytes: number): number {
  for (let days = 0; days <= FORECAST_DAYS; days += 1) {
    if (bytesAfter(stock, days) >= bytes) return days;
  }
  return Number.POSITIVE_INFINITY;
}
