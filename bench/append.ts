// What it costs to append a row to a store on disk: dictionary, ledger, rows, and a commit that is
// synced, as the logger does it. Fresh files; rows are made outside of the measured time.
//
//   npm run bench:append
import { type NewRow, openStore, type Store } from "@weir/store";
import { temporaryFolder } from "@weir/testkit";
import { createTable, median, printResults } from "./output.ts";

const ROUNDS = 5;
const ROWS_PER_ROUND = 64_000;
const BATCHES = [256, 1_000, 4_000];
const EPOCH = "0123456789abcdef0123456789abcdef";

interface Traffic {
  name: string;
  /** Publishers with an outbox, in turn; 0: messages without a sequence. */
  publishers: number;
  topics: number;
}

const TRAFFIC: readonly Traffic[] = [
  { name: "one publisher", publishers: 1, topics: 1 },
  { name: "1,000 publishers in turn", publishers: 1_000, topics: 1 },
  { name: "no sequence", publishers: 0, topics: 1 },
  { name: "no sequence, 1,000 topics in turn", publishers: 0, topics: 1_000 },
];

type Synchronous = "FULL" | "NORMAL";

interface Subject {
  traffic: Traffic;
  batch: number;
  stores: Record<Synchronous, Store>;
  sent: number;
  /** Microseconds per row, of each round. */
  us: Record<Synchronous, number[]>;
}

/** A message as it comes out of the decoder: its own strings, a payload of about 110 bytes. */
function makeRow({ publishers, topics }: Traffic, sent: number, receivedUs: number): NewRow {
  const text = JSON.stringify({
    number: (sent % 1_000) / 8,
    epochtime: String(Math.floor(receivedUs / 1e6)),
    publisher: `p${sent % Math.max(1, publishers)}`,
    epoch: EPOCH,
    seq: publishers === 0 ? sent : Math.floor(sent / publishers) + 1,
  });
  const { number, publisher, epoch, seq } = JSON.parse(text);
  // Spelled out: garbage of the benchmark's own would be collected in the time that is measured.
  return {
    receivedUs,
    topic: topics === 1 ? Buffer.from("DATA").toString() : `devices/d${sent % topics}/state`,
    payload: Buffer.from(text),
    qos: 1,
    retained: false,
    outcome: 0,
    value: number,
    observedUs: receivedUs - sent,
    sequence: publishers === 0 ? null : { publisher, epoch, seq },
    isFiltered: false,
  };
}

/** One round of a subject: each batch goes into both of its stores. */
function measure({ traffic, batch, stores, us, sent }: Subject): number {
  const spentMs = { FULL: 0, NORMAL: 0 };
  let done = 0;
  while (done < ROWS_PER_ROUND) {
    const receivedUs = Date.now() * 1_000;
    for (const synchronous of ["FULL", "NORMAL"] as const) {
      const rows = Array.from({ length: batch }, (_, index) =>
        makeRow(traffic, sent + done + index, receivedUs),
      );
      const startMs = performance.now();
      stores[synchronous].append(rows);
      spentMs[synchronous] += performance.now() - startMs;
    }
    done += batch;
  }
  us.FULL.push((spentMs.FULL * 1_000) / done);
  us.NORMAL.push((spentMs.NORMAL * 1_000) / done);
  return sent + done;
}

using folder = temporaryFolder();
using opened = new DisposableStack();
const open = (file: string, synchronous: Synchronous): Store =>
  opened.use(
    openStore({
      file: folder.file(`${file}-${synchronous}.db`),
      stream: "data",
      legacyTopic: "DATA",
      synchronous,
      nowUs: Date.now() * 1_000,
      skewUs: 0,
    }),
  );
const subjects: Subject[] = TRAFFIC.flatMap((traffic, index) =>
  BATCHES.map((batch) => {
    const file = `${index}-${batch}`;
    const stores = { FULL: open(file, "FULL"), NORMAL: open(file, "NORMAL") };
    return { traffic, batch, stores, sent: 0, us: { FULL: [], NORMAL: [] } };
  }),
);
// Side by side, so that a slow moment of the machine affects all of them. The first round is not counted.
for (let round = 0; round <= ROUNDS; round += 1) {
  for (const subject of subjects) subject.sent = measure(subject);
}

const table = createTable("traffic", "rows a commit", "a row", "of it syncing", "the rest");
for (const { traffic, batch, us } of subjects) {
  const [full, normal] = [median(us.FULL.slice(1)), median(us.NORMAL.slice(1))];
  const figures = [full, full - normal, normal].map((figure) => `${figure.toFixed(2)} µs`);
  table.push([traffic.name, batch.toLocaleString("en"), ...figures]);
}
printResults(`medians of ${ROUNDS} rounds`, table);
