export { readStoredStreams, type StoredStreams } from "./read-stored-streams.ts";
export { readStreams } from "./read-streams.ts";
export { prefixesOf, streamSettings } from "./settings.ts";
export type { StreamConfig, StreamsConfig } from "./stream-config.ts";
export { weirFileJsonSchema } from "./weir-file.ts";
