import type { SegmentUse } from "./files.ts";
import { growthADay } from "./forecast.ts";
import type { DiskReport } from "./report.ts";
import { otherSettings } from "./settings.ts";
import { totalBytes } from "./stream.ts";

const isoTime = (us: number): string => new Date(us / 1_000).toISOString();

/** The same for programs. Sizes are bytes, estimates say so by their names. */
export function diskReportAsJson(report: DiskReport): object {
  const { disks, streams, index, leftovers, largest, problems } = report;
  return {
    disks,
    streams: streams.map((one) => ({
      stream: one.stream.name,
      files: one.files.sums,
      bytes: totalBytes(one),
      segments: segmentsAsJson(one.files.segments),
      messages: one.rows.reach?.messages ?? null,
      firstReceived: one.rows.reach && isoTime(one.rows.reach.firstUs),
      lastReceived: one.rows.reach && isoTime(one.rows.reach.lastUs),
      rate: one.rows.rate,
      points: one.points?.points ?? null,
      pointsADay: one.pointsADay,
      bytesAPoint: one.bytesAPoint,
      archiveShare: one.archiveShare,
      growthBytesADay: one.messageStock && growthADay(one.messageStock),
      growthOfHistoryBytesADay: one.pointStock && growthADay(one.pointStock),
      otherSettings: otherSettings(one),
    })),
    index,
    leftovers,
    largest,
    problems,
  };
}

function segmentsAsJson(segments: readonly SegmentUse[]) {
  return segments.map(({ beganUs, bytes, isArchived }) => ({
    began: isoTime(beganUs),
    bytes,
    isArchived,
  }));
}
