// Reads a store with a filter that its first rows do not match, over and over, until its parent says "end".

import { readRange } from "@weir/store";

const [file = ""] = process.argv.slice(2);
let isEnded = false;
process.once("message", () => {
  isEnded = true;
});

let rounds = 0;
while (!isEnded) {
  for await (const _page of readRange({ kind: "file", file }, { filters: ["rare"] })) {
    // What it finds is of no interest.
  }
  rounds += 1;
  if (rounds === 1) process.send?.(rounds);
}
process.send?.(rounds);
