import { isUtf8 } from "node:buffer";
import { OUTCOMES } from "@weir/messages";

const wordsByCode = new Map<number, string>(
  OUTCOMES.map(({ code, kind, reason }) => [code, reason === "" ? kind : `${kind}: ${reason}`]),
);

/** What became of a message when it was decoded, in words. */
export function outcomeWords(code: number): string {
  return wordsByCode.get(code) ?? `outcome ${code} of a newer version`;
}

/** A payload as text, without any loss: as it is where it is UTF-8, in base64 elsewhere. */
export function payloadText(payload: Buffer): { text: string; encoding: "utf-8" | "base64" } {
  return isUtf8(payload)
    ? { text: payload.toString("utf8"), encoding: "utf-8" }
    : { text: payload.toString("base64"), encoding: "base64" };
}
