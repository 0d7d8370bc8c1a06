// What a publication of statistics costs with few and with many rows in the window, and how long
// stats takes to rebuild its windows at its start. Real stores on disk, the real follower.
//
//   npm run bench:publication
import { Follower } from "@weir/stats/follower";
import type { Store } from "@weir/store";
import { openTestStore, readingAt, temporaryFolder } from "@weir/testkit";
import { createTable, median, printResults } from "./output.ts";

const ROUNDS = 7;
const PUBLICATIONS_PER_ROUND = 200;
const WINDOW_SECONDS = 1_800;
const ROWS_PER_COMMIT = 10_000;
const SIZES = [1_000, 100_000, 1_000_000];

interface Subject extends Disposable {
  rows: number;
  store: Store;
  follower: Follower;
  rebuildMs: number;
  publicationUs: number[];
}

const atSecond = Math.floor(Date.now() / 1_000);

/** A store with so many rows, spread evenly over the longest window, and a follower that has read it. */
async function prepare(file: string, rows: number): Promise<Subject> {
  const store = openTestStore(file, atSecond * 1e6);
  const secondOf = (index: number) =>
    atSecond - WINDOW_SECONDS + 1 + Math.floor((index / rows) * WINDOW_SECONDS);
  for (let done = 0; done < rows; done += ROWS_PER_COMMIT) {
    const length = Math.min(ROWS_PER_COMMIT, rows - done);
    store.append(
      Array.from({ length }, (_, index) => readingAt(secondOf(done + index) * 1e6, index % 100)),
    );
  }

  const follower = new Follower(file);
  const startMs = performance.now();
  await follower.follow(atSecond);
  const rebuildMs = performance.now() - startMs;
  return {
    rows,
    store,
    follower,
    rebuildMs,
    publicationUs: [],
    [Symbol.dispose]: () => {
      follower[Symbol.dispose]();
      store[Symbol.dispose]();
    },
  };
}

/** One round: a new row each time, then what stats does to publish it. In microseconds. */
async function measure({ store, follower, publicationUs }: Subject): Promise<void> {
  let spentMs = 0;
  for (let index = 0; index < PUBLICATIONS_PER_ROUND; index += 1) {
    store.append([readingAt(atSecond * 1e6, index)]);
    const startMs = performance.now();
    await follower.follow(atSecond);
    JSON.stringify(follower.statistics(atSecond));
    spentMs += performance.now() - startMs;
  }
  publicationUs.push((spentMs / PUBLICATIONS_PER_ROUND) * 1_000);
}

using folder = temporaryFolder();
using opened = new DisposableStack();
const subjects: Subject[] = [];
for (const rows of SIZES) subjects.push(opened.use(await prepare(folder.file(`${rows}.db`), rows)));
// Side by side, so that a slow moment of the machine affects all of them. The first round is not counted.
for (let round = 0; round <= ROUNDS; round += 1) {
  for (const subject of subjects) await measure(subject);
}

const table = createTable(
  "rows in the window",
  "publication, median",
  "against the smallest",
  "rebuild at start",
);
const medianUs = ({ publicationUs }: Subject): number => median(publicationUs.slice(1));
const [smallest] = subjects;
for (const subject of subjects) {
  const us = medianUs(subject);
  table.push([
    subject.rows.toLocaleString("en"),
    `${us.toFixed(0)} µs`,
    `${(us / medianUs(smallest ?? subject)).toFixed(2)}x`,
    `${(subject.rebuildMs / 1_000).toFixed(2)} s`,
  ]);
}
printResults(`${ROUNDS} rounds`, table);
