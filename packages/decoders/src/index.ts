export type { Framing } from "./avro/framing.ts";
export type { Decoder, Encoded } from "./decoder.ts";
export { type DecoderSpec, openDecoder } from "./open-decoder.ts";
