export { readStreams } from "./read-streams.ts";
export { weirFileJsonSchema } from "./schema.ts";
export { streamSettings } from "./settings.ts";
export type { StreamConfig, StreamPlace, StreamsConfig } from "./stream-config.ts";
