// Opens a filter, changes its file, and opens it again: prints what each of the two says.
import { writeFileSync } from "node:fs";
import { print, systemClock } from "@weir/runtime";
import { openCodeFilter } from "../src/code-filter.ts";

const [, , file = ""] = process.argv;
const message = { topic: "t", payload: Buffer.alloc(0), retained: false };
const filters = [];
for (const answer of ["keep", "drop"]) {
  writeFileSync(file, `export default () => "${answer}";`);
  filters.push(await openCodeFilter({ file, stream: "s", clock: systemClock, warn: () => {} }));
}
print(`${filters.map((filter) => String(filter(message, 0))).join(" ")}\n`);
