import { openSegmentedStore } from "@weir/store";
import { START_US } from "@weir/testkit";
import { DAY_US, outboxReading } from "../fixture.ts";

const [folder, stepToDieAt] = process.argv.slice(2);
if (folder === undefined) throw new TypeError("it needs a folder");

const store = openSegmentedStore({
  folder,
  stream: "data",
  synchronous: "FULL",
  nowUs: START_US,
  onStep: (step) => {
    if (step === stepToDieAt) process.kill(process.pid, "SIGKILL");
  },
});
store.append([outboxReading(1), outboxReading(2), outboxReading(3)]);
store.rotate(START_US + DAY_US);
