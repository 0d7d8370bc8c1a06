import { topicProblem } from "@weir/messages";
import type { Logger } from "@weir/service";
import { openSegmentedStore, openStore, type StreamStore } from "@weir/store";
import type { StreamConfig } from "@weir/streams";

export interface OpenStoreOptions {
  synchronous: "FULL" | "NORMAL";
  skewUs: number;
  devicePrefixes: readonly string[];
  nowUs: number;
  logger: Logger;
}

/**
 * Opens the store of a stream, and tells what was found there.
 *
 * @throws Fault when it is locked, cannot be written, or is something else.
 */
export function openStreamStore(
  { name, place, filters }: StreamConfig,
  { synchronous, skewUs, devicePrefixes, nowUs, logger }: OpenStoreOptions,
): StreamStore {
  const common = { stream: name, synchronous, devicePrefixes, nowUs };
  const store =
    place.kind === "folder"
      ? openSegmentedStore({ ...common, folder: place.folder })
      : openStore({ ...common, file: place.file, legacyTopic: topicOf(filters) ?? name, skewUs });
  if (store.damaged !== null) {
    logger.error(
      { stream: name, ...store.damaged },
      "the store is damaged: it is kept under another name, and a new one was begun. What is not confirmed comes again; save the rest out of it with: sqlite3 <file> .recover",
    );
  }
  if (store.damagedLog !== null) {
    logger.error(
      { stream: name, ...store.damagedLog },
      "the write-ahead log is damaged: SQLite reads only what lies before the damage, and so many commits behind it are gone. npm run audit shows what is missing of publishers with an outbox; the disk or the memory of this machine may be failing",
    );
  }
  if (store.kind === "file" && store.imported !== null) {
    logger.info({ stream: name, ...store.imported }, "imported a file of the old system");
  }
  return store;
}

/** The file that a stream's rows are written to at the moment. */
export function liveFileOf(store: StreamStore, { place }: Pick<StreamConfig, "place">): string {
  if (store.kind === "folder") return store.liveFile();
  return place.kind === "file" ? place.file : place.folder;
}

/** The first topic among filters: rows of the old system, which kept none, get it. */
function topicOf(filters: readonly string[]): string | undefined {
  return filters.find((filter) => topicProblem(filter) === null);
}
