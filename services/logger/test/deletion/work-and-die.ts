import { systemClock } from "@weir/runtime";
import { openSegmentedStore } from "@weir/store";
import { eventually, START_US } from "@weir/testkit";
import { UNDO_MS } from "../../src/deletions.ts";
import { startWorker } from "./fixture.ts";

const [folder, goal, looks] = process.argv.slice(2);
if (folder === undefined) throw new TypeError("it needs a folder");

// It dies at this look at the clock: some are between two transactions, some between two segments.
let looksLeft = Number(looks);
const clock = {
  ...systemClock,
  now: () => START_US / 1_000 + (goal === "removed" ? 2 * UNDO_MS : 0),
  monotonic: () => {
    looksLeft -= 1;
    if (looksLeft <= 0) process.kill(process.pid, "SIGKILL");
    return systemClock.monotonic();
  },
};

const place = { kind: "folder", folder: `${folder}/data` } as const;
const store = openSegmentedStore({
  folder: place.folder,
  stream: "data",
  synchronous: "NORMAL",
  nowUs: START_US + 7_000_000_000,
});
const { deletions } = startWorker({ store, place }, { folder, clock });
const newest = () => deletions.all().at(-1) ?? null;
const found = newest();
if (goal === "undone" && found !== null) deletions.undo(found);
await eventually(() => newest()?.state === goal);
// Whatever finishes a segment meanwhile goes on in its own process.
process.exit();
