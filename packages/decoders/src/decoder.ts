import type { Decoded, DecodeTimes } from "@weir/messages";

/** What a decoder is given of a message. The payload may be a view: it is not kept. */
export interface Encoded {
  topic: string;
  payload: Buffer;
}

/** Makes of a payload what can be made of it. Never throws: whatever arrives has an outcome. */
export type Decoder = (message: Encoded, times: DecodeTimes) => Decoded;
