import { decodeReading } from "@weir/messages";
import { openAvroDecoder } from "./avro/avro.ts";
import type { Framing } from "./avro/framing.ts";
import type { Decoder } from "./decoder.ts";
import { decodeDevice } from "./device.ts";
import { decodeJson } from "./json.ts";
import { decodeNumber } from "./number.ts";
import { decodeRaw } from "./raw.ts";
import { decodeText } from "./text.ts";
import { withSequence } from "./with-sequence.ts";

/** Which decoder a stream wants. */
export type DecoderSpec =
  /** `reading` is the payload of `DATA`; `device` what devices say; `json` any JSON, also without a `number`. */
  | { kind: "reading" | "device" | "json" | "number" | "text" | "raw" }
  /** `schemas` is a folder of `*.avsc`. */
  | { kind: "avro"; schemas: string; framing: Framing };

const SIMPLE = {
  reading: ({ payload }, times) => decodeReading(payload, times),
  device: decodeDevice,
  json: decodeJson,
  number: withSequence(decodeNumber),
  text: withSequence(decodeText),
  raw: withSequence(decodeRaw),
} as const satisfies Record<Exclude<DecoderSpec["kind"], "avro">, Decoder>;

/**
 * @param warn called when something that the decoder needs has become worse; it goes on.
 * @throws Fault when it cannot be used at all.
 */
export function openDecoder(spec: DecoderSpec, warn: (problem: string) => void): Decoder {
  if (spec.kind !== "avro") return SIMPLE[spec.kind];
  return withSequence(openAvroDecoder({ folder: spec.schemas, framing: spec.framing, warn }));
}
