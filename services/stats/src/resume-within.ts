import { basename } from "node:path";
import { comparePositions, type Progress } from "@weir/series";
import { type StreamPlace, streamEnd } from "@weir/store";

/** What has read a stream up to a row, and goes on behind it. */
interface Resumable {
  progress: Progress | null;
  /** Rows count from the first one on. */
  restart(): void;
  /** Rows count from there on. */
  rewind(to: Progress): void;
}

/**
 * Has readers of a stream go on where there are rows. Whoever puts back an older copy of a store leaves a catalogue and
 * a history that have read further than that.
 */
export function resumeWithin(place: StreamPlace, readers: readonly Resumable[]): void {
  const end = streamEnd(place);
  for (const reader of readers) {
    const { progress } = reader;
    if (progress === null) continue;
    // A store that was renamed is another one.
    const isRenamed = place.kind === "file" && progress.segment !== basename(place.file);
    const isAhead = end !== null && comparePositions(end, progress) < 0;
    if (isRenamed || (isAhead && place.kind === "file")) reader.restart();
    else if (isAhead) reader.rewind({ ...end, receivedUs: end.receivedUs ?? progress.receivedUs });
  }
}
