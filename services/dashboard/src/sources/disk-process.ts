import { once } from "node:events";
import { constants, setPriority } from "node:os";
import { DAY_MS, diskReport, growthADay, totalBytes } from "@weir/disk";
import type { DiskTask, DiskUse } from "./disk-watch.ts";

/** Measures the disk as this process's parent asks, and ends. */
async function measure(): Promise<DiskUse> {
  // A cast: the parent sends exactly that.
  const [task] = (await once(process, "message")) as [DiskTask];
  const { streams, storeFile, indexFile, nowMs } = task;
  const report = await diskReport(streams, { storeFile, indexFile, nowMs, chosen: null });
  // The one of DB_FILE comes first.
  const [disk] = report.disks;
  const fullAfterDays = disk?.forecast?.fullAfterDays ?? null;
  return {
    measuredMs: nowMs,
    disk:
      disk === undefined
        ? null
        : {
            freeBytes: disk.freeBytes,
            totalBytes: disk.bytes,
            fullMs: fullAfterDays === null ? null : nowMs + fullAfterDays * DAY_MS,
          },
    streams: new Map(
      report.streams.map((one) => {
        const { messageStock, pointStock, files } = one;
        const stocks = [messageStock, pointStock].filter((stock) => stock !== null);
        const historyBytes = files.sums.history.bytes;
        return [
          one.stream.name,
          {
            bytes: totalBytes(one) - historyBytes,
            historyBytes,
            bytesPerDay:
              stocks.length === 0
                ? null
                : stocks.reduce((sum, stock) => sum + growthADay(stock), 0),
          },
        ];
      }),
    ),
  };
}

if (import.meta.main) {
  // The pages come first.
  setPriority(constants.priority.PRIORITY_LOW);
  const use = await measure();
  process.send?.(use, () => process.disconnect?.());
}
