import { bytesInTheEnd } from "./forecast.ts";
import { DAY_MS, type StreamReport } from "./stream.ts";

/** What a stream takes in the end under other settings: estimates at the rate of now. */
export interface SettingEstimate {
  /** As it is in weir.yaml: `retention: { age: 7d }`. */
  setting: string;
  /** The same for the head of a table: `7d`, `7d archived`, `history 400d`. */
  column: string;
  bytes: number;
  /** History that is kept for ever has no end: its bytes are those of each year. */
  isEachYear: boolean;
}

const RETENTION_DAYS = [7, 30, 365];
const HISTORY_DAYS = [30, 400];
const ARCHIVE_AFTER_DAYS = 2;
const YEAR_DAYS = 365;

/** Other settings of a stream; none where its rate is not known. */
export function otherSettings({
  stream,
  rows,
  pointsADay,
  bytesAPoint,
  archiveShare,
}: StreamReport): SettingEstimate[] {
  const estimates: SettingEstimate[] = [];
  const add = (setting: string, column: string, bytes: number, isEachYear = false): void => {
    estimates.push({ setting, column, bytes, isEachYear });
  };
  if (rows.rate !== null) {
    const { bytesADay } = rows.rate;
    const never = { archiveAfterDays: Number.POSITIVE_INFINITY, archiveShare: 1 };
    for (const keptDays of RETENTION_DAYS) {
      add(
        `retention: { age: ${keptDays}d }`,
        `${keptDays}d`,
        bytesInTheEnd(bytesADay, { keptDays, ...never }),
      );
    }
    if (stream.place.kind === "folder") {
      const archiveAfterDays =
        stream.archiveAfterMs === null ? ARCHIVE_AFTER_DAYS : stream.archiveAfterMs / DAY_MS;
      const archived = { archiveAfterDays, archiveShare: archiveShare.value };
      for (const keptDays of RETENTION_DAYS) {
        const setting = `retention: { age: ${keptDays}d }, archive: { after: ${archiveAfterDays}d }`;
        add(setting, `${keptDays}d archived`, bytesInTheEnd(bytesADay, { keptDays, ...archived }));
      }
    }
  }
  if (pointsADay !== null) {
    const bytesADay = pointsADay * bytesAPoint.value;
    for (const days of HISTORY_DAYS) add(`history: ${days}d`, `history ${days}d`, bytesADay * days);
    add("history: forever", "history, a year more", bytesADay * YEAR_DAYS, true);
  }
  return estimates;
}
