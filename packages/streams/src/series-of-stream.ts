import { SeriesReader } from "@weir/series";
import { openAvroDocuments } from "./avro.ts";
import type { StoredStream } from "./stream-config.ts";

/**
 * Opens the reader of a stream's series.
 *
 * @param skewUs how far ahead of reception an observation may lie before its time is replaced, in microseconds.
 */
export function openSeriesReader(
  { series, timeZone, decoder }: StoredStream,
  skewUs: number,
): SeriesReader {
  // These decoders read times without a zone in UTC, and flag them.
  const assumesUtc = decoder.kind === "device" || decoder.kind === "reading";
  return new SeriesReader({
    series,
    skewUs,
    timeZone: timeZone ?? (assumesUtc ? "UTC" : null),
    document:
      decoder.kind === "avro"
        ? openAvroDocuments({ folder: decoder.schemas, framing: decoder.framing })
        : null,
  });
}
