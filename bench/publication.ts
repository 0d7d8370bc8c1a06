// What a publication of statistics costs with few and with many rows in the window, and how long
// stats takes to rebuild its windows at its start. Real stores on disk, the real follower.
//
//   npm run bench:publication
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, release, tmpdir } from "node:os";
import { join } from "node:path";
import { print } from "@weir/runtime";
import { createFollower, type Follower } from "@weir/stats/follower";
import { type NewRow, openStore, type Store } from "@weir/store";
import Table from "cli-table3";

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

function rowAt(second: number, value: number): NewRow {
  const observedUs = second * 1e6;
  return {
    receivedUs: observedUs,
    topic: "DATA",
    payload: Buffer.from(`{"number":${value},"epochtime":"${second}"}`),
    qos: 1,
    retained: false,
    outcome: 0,
    value,
    observedUs,
    sequence: null,
    isFiltered: false,
  };
}

/** A store with so many rows, spread evenly over the longest window, and a follower that has read it. */
async function prepare(folder: string, rows: number): Promise<Subject> {
  const file = join(folder, `${rows}.db`);
  const store = openStore({
    file,
    stream: "data",
    legacyTopic: "DATA",
    synchronous: "NORMAL",
    nowUs: atSecond * 1e6,
    skewUs: 0,
  });
  const secondOf = (index: number) =>
    atSecond - WINDOW_SECONDS + 1 + Math.floor((index / rows) * WINDOW_SECONDS);
  for (let done = 0; done < rows; done += ROWS_PER_COMMIT) {
    const length = Math.min(ROWS_PER_COMMIT, rows - done);
    store.append(Array.from({ length }, (_, index) => rowAt(secondOf(done + index), index % 100)));
  }

  const follower = createFollower(file);
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
    store.append([rowAt(atSecond, index)]);
    const startMs = performance.now();
    await follower.follow(atSecond);
    JSON.stringify(follower.statistics(atSecond));
    spentMs += performance.now() - startMs;
  }
  publicationUs.push((spentMs / PUBLICATIONS_PER_ROUND) * 1_000);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const folder = mkdtempSync(join(tmpdir(), "weir-bench-"));
try {
  using subjects = new DisposableStack();
  const prepared: Subject[] = [];
  for (const rows of SIZES) prepared.push(subjects.use(await prepare(folder, rows)));
  // Side by side, so that a slow moment of the machine meets all of them.
  for (const subject of prepared) await measure({ ...subject, publicationUs: [] });
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const subject of prepared) await measure(subject);
  }

  const table = new Table({
    head: ["rows in the window", "publication, median", "against the smallest", "rebuild at start"],
    colAligns: ["right", "right", "right", "right"],
    style: { head: [], border: [] },
  });
  const smallestUs = median(prepared[0]?.publicationUs ?? []);
  for (const { rows, publicationUs, rebuildMs } of prepared) {
    const us = median(publicationUs);
    table.push([
      rows.toLocaleString("en"),
      `${us.toFixed(0)} µs`,
      `${(us / smallestUs).toFixed(2)}x`,
      `${(rebuildMs / 1_000).toFixed(2)} s`,
    ]);
  }
  print(
    `${cpus().length} x ${cpus()[0]?.model}, Linux ${release()}, Node ${process.version}, ${ROUNDS} rounds\n${table}\n`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
