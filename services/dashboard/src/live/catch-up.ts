import { EXIT_CODES, Fault } from "@weir/runtime";
import { Pace } from "@weir/series";
import {
  positionOf,
  type RowPosition,
  readRange,
  type StoredMessage,
  type StreamPlace,
} from "@weir/store";

/** Half of it is what a stretch of rows takes at most. */
const TRANSACTION_MS_MAX = 20;

/**
 * Reads the rows behind a position once, up to the end that the stream has then. What else the process does goes on.
 *
 * @param from.behind `null` is before the first row.
 * @param from.filters topic filters of which a row matches one; empty for every row.
 * @returns up to where was read, again and again; "removed" where rows behind the position are gone, or the position
 *   is in another file.
 * @throws Fault when the stream cannot be read.
 */
export async function* catchUp(
  place: StreamPlace,
  { behind, filters }: { behind: RowPosition | null; filters: readonly string[] },
  take: (message: StoredMessage) => void,
): AsyncGenerator<RowPosition | "removed"> {
  const pace = new Pace();
  const after = behind === null ? {} : { after: `${behind.segment}:${behind.id}` };
  try {
    const query = { ...after, filters, transactionMsMax: TRANSACTION_MS_MAX };
    for await (const { messages, cursor, skipped } of readRange(place, query)) {
      // Those that are damaged are not in the history either.
      if (skipped.some(({ kind }) => kind === "removed")) {
        yield "removed";
        return;
      }
      for (const message of messages) {
        take(message);
        await pace.breathe();
      }
      yield positionOf(cursor);
    }
  } catch (error) {
    const isOfOtherFile = error instanceof Fault && error.exitCode === EXIT_CODES.configuration;
    if (!isOfOtherFile) throw error;
    yield "removed";
  }
}
