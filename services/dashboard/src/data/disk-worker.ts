import { parentPort, workerData } from "node:worker_threads";
import { DAY_MS, diskReport, growthADay, totalBytes } from "@weir/disk";
import type { DiskTask, DiskUse } from "./disk-watch.ts";

// A cast: whoever starts this file passes exactly that.
const { streams, storeFile, indexFile, nowMs } = workerData as DiskTask;
const report = await diskReport(streams, { storeFile, indexFile, nowMs, chosen: null });
// The one of DB_FILE comes first.
const [disk] = report.disks;
const fullAfterDays = disk?.forecast?.fullAfterDays ?? null;
const use: DiskUse = {
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
            stocks.length === 0 ? null : stocks.reduce((sum, stock) => sum + growthADay(stock), 0),
        },
      ];
    }),
  ),
};
parentPort?.postMessage(use);
