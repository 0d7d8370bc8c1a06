import { openHistory, pointsOfRow, rowAt } from "./history-fixture.ts";

const [indexFile, stepToDieAt] = process.argv.slice(2);
if (indexFile === undefined) throw new TypeError("it needs an index");

const history = openHistory(indexFile, {
  onStep: (step) => {
    // The first flushes are complete.
    if (step === stepToDieAt && writer.through?.id !== undefined) {
      process.kill(process.pid, "SIGKILL");
    }
  },
});
const writer = await history.store.stream("home", { historyMs: Number.POSITIVE_INFINITY });
for (let row = 1; row <= 12; row += 1) {
  for (const { path, us, value } of pointsOfRow(row)) writer.add("t", path, us, value);
  writer.pass(rowAt(row));
  await writer.flush();
}
await writer.merge();
history.clock.advance(60_000);
