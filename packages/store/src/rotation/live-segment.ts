import { emptyLog } from "../give-back.ts";
import { openSegment, type SegmentOptions } from "../segment.ts";
import { createSegmentWriter, type SegmentWriter, type WriterOptions } from "../segment-writer.ts";
import { type Seal, sealSegment } from "./seal.ts";

/** The segment of a stream that is written. */
export interface LiveSegment extends SegmentWriter {
  file: string;
  /** When it was begun, by the clock of then, in microseconds since the epoch. */
  sinceUs: number;
  /** See `emptyLog` in give-back.ts. */
  emptyLog(): void;
  /** Its last transaction. */
  seal(seal: Seal): void;
}

/** @param setting the setting that names its folder. */
export function openLiveSegment(
  options: SegmentOptions & WriterOptions,
  setting: string,
): LiveSegment {
  using opening = new DisposableStack();
  const database = opening.adopt(openSegment(options, setting), (opened) => opened.close());
  const writer = createSegmentWriter(database, options.file, options);
  const sinceUs = database.prepare("SELECT created_us FROM segment").pluck().get() as number;
  // From here on the writer closes it.
  opening.move();
  return {
    ...writer,
    file: options.file,
    sinceUs,
    emptyLog: () => emptyLog(database),
    seal: (seal) => sealSegment(database, seal),
  };
}
