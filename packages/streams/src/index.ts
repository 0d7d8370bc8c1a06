export type { Framing } from "./avro/avro.ts";
export { type Decoder, type DecoderSpec, type Encoded, openDecoder } from "./decoder.ts";
export {
  readStoredStreams,
  readStreams,
  type StoredStreams,
  weirFileJsonSchema,
} from "./read-streams.ts";
export {
  prefixesOf,
  type StreamConfig,
  type StreamsConfig,
  streamSettings,
} from "./stream-config.ts";
