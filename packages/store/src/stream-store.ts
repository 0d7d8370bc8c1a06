import type { SegmentedStore } from "./rotation/segmented-store.ts";
import type { FileStore } from "./store.ts";

/** The store of a stream: `kind` tells whether retention removes rows or files. */
export type StreamStore = FileStore | SegmentedStore;
