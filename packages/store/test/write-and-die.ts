import { openTestStore, readingAt, START_US } from "@weir/testkit";

const [file = "", rows = ""] = process.argv.slice(2);
const store = openTestStore(file);
for (let row = 0; row < Number(rows); row += 1) store.append([readingAt(START_US, row)]);
process.kill(process.pid, "SIGKILL");
