import type { RowPosition } from "@weir/store";
import { z } from "zod";

/** Up to which row each stream was read, by the streams' names. */
export type Positions = ReadonlyMap<string, RowPosition>;

/** What fits into a query parameter or a Last-Event-ID, also with long names. */
export const POSITIONS_LENGTH_MAX = 16_384;

/** Each stream with its segment and the row's id: `[["home","20260101T000000Z.db",17]]`. */
const form = z.array(
  z.tuple([z.string().max(256), z.string().max(255), z.int().min(0).max(Number.MAX_SAFE_INTEGER)]),
);

/** Positions as opaque text for clients: letters, digits, `-` and `_`. */
export function encodePositions(positions: Positions): string {
  const all = [...positions].map(([stream, { segment, id }]) => [stream, segment, id]);
  return Buffer.from(JSON.stringify(all)).toString("base64url");
}

/** @returns `null` for a text that is not of `encodePositions`. */
export function decodePositions(text: string): Positions | null {
  if (text.length > POSITIONS_LENGTH_MAX || !/^[\w-]*$/.test(text)) return null;
  try {
    const all = form.parse(JSON.parse(Buffer.from(text, "base64url").toString()));
    return new Map(all.map(([stream, segment, id]) => [stream, { segment, id }]));
  } catch {
    return null;
  }
}
