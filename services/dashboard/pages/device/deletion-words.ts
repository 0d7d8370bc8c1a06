import type { Deletion } from "../../src/contract/deletions.ts";
import type { Format } from "../format.ts";

/** How far a deletion is, in words. */
export function deletionWords(
  { state, hiddenRows, restoredRows, problem }: Deletion,
  { count }: Pick<Format, "count">,
): string {
  const readings = (rows: number): string => (rows === 1 ? "1 reading" : `${count(rows)} readings`);
  const words = {
    hiding: `hiding, ${readings(hiddenRows)} so far`,
    hidden: `${readings(hiddenRows)} hidden`,
    undoing: `coming back, ${readings(restoredRows)} so far`,
    undone: `undone, ${readings(restoredRows)} came back`,
    removing: `${readings(hiddenRows)} being removed from the disk`,
    removed: `${readings(hiddenRows)} removed for good`,
  }[state];
  return problem === null ? words : `${words}; waiting: ${problem}`;
}
