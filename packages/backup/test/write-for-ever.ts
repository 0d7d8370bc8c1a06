// A suite in small that never rests: rows in a file and in segments, which rotate, are finished, archived and removed;
// points with an index, which are flushed and merged. Row k has the value k. Ends with SIGKILL.
import { setTimeout as pause } from "node:timers/promises";
import { type Clock, print, systemClock } from "@weir/runtime";
import { indexFileOf, PointsStore } from "@weir/series";
import { openSegmentedStore, startSegmentFinalizer } from "@weir/store";
import { openTestStore, readingAt, START_US } from "@weir/testkit";

const [storeFile = "", homeFolder = ""] = process.argv.slice(2);
const MINUTE_US = 60_000_000;
const ROWS_A_SEGMENT = 150;
const SEGMENTS_BYTES_MAX = 300_000;

const data = openTestStore(storeFile);
const home = openSegmentedStore({
  folder: homeFolder,
  stream: "home",
  synchronous: "NORMAL",
  nowUs: START_US,
});
const finalizer = startSegmentFinalizer({
  clock: systemClock,
  onFinished: () => {},
  onUnfinished: () => {},
});
const indexFile = indexFileOf(storeFile);
// What was merged goes soon.
const clock: Clock = { ...systemClock, schedule: (_, task) => systemClock.schedule(300, task) };
const points = new PointsStore({ indexFile, clock, onLost: () => {} });
const history = await points.stream("home", { historyMs: Number.POSITIVE_INFINITY });
print("ready\n");

for (let row = 1; ; row += 1) {
  const receivedUs = START_US + row * MINUTE_US;
  data.append([readingAt(receivedUs, row)]);
  home.append([readingAt(receivedUs, row)]);
  const { segment, id } = home.end();
  history.add("DATA", "", receivedUs, row);
  history.pass({ segment, id, receivedUs });
  if (row % 10 === 0) await history.flush();
  if (row % 50 === 0) await history.merge();
  if (row % ROWS_A_SEGMENT === 0) {
    home.rotate(receivedUs);
    for (const file of home.unfinished()) finalizer.finish(file);
    for (const file of home.toArchive(receivedUs - 4 * ROWS_A_SEGMENT * MINUTE_US)) {
      finalizer.archive(file, () => home.noteArchived(file));
    }
    const limits = { ageCutoffUs: null, bytesMax: SEGMENTS_BYTES_MAX, freeDiskBytesMin: null };
    await home.removeOldest({ nowUs: receivedUs, ...limits });
  }
  await pause(1);
}
