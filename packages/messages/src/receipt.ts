import { z } from "zod";
import { isName } from "./names.ts";
import { jsonOf } from "./outside-text.ts";

const seq = z.int().nonnegative();
const range = z.tuple([seq, seq]);
const key = { epoch: z.string().refine(isName), topic: z.string() };

/** The most ranges that one entry of a receipt or an announcement carries. */
export const RANGES_MAX = 64;

/** The most entries that one receipt or announcement carries. */
export const ENTRIES_MAX = 256;

/**
 * The payload of `weir/receipt/<publisher>`: what of this publisher is committed. Cumulative, so the
 * newest one says everything.
 */
const receiptPayload = z.object({
  /** Epoch seconds. */
  at: z.int(),
  entries: z
    .array(
      z.object({
        ...key,
        /** Every message up to this one is committed. */
        through: seq,
        /** And those in these ranges, both ends included, ascending. */
        ranges: z.array(range).max(RANGES_MAX),
      }),
    )
    .max(ENTRIES_MAX),
});

export type Receipt = z.infer<typeof receiptPayload>;
export type ReceiptEntry = Receipt["entries"][number];

/** The payload of `weir/publisher/<publisher>`: what an outbox has accepted, and what became of it. */
const announcementPayload = z.object({
  /** Epoch seconds. */
  at: z.int(),
  entries: z
    .array(
      z.object({
        ...key,
        /** The last seq that was given out. */
        accepted: seq,
        /** The oldest one that is still in the outbox; `accepted + 1` when none is. */
        oldestUnsent: seq,
        /** What was given up: too old, or refused by the broker again and again. */
        abandoned: z.array(range).max(RANGES_MAX),
      }),
    )
    .max(ENTRIES_MAX),
});

export type Announcement = z.infer<typeof announcementPayload>;
export type AnnouncementEntry = Announcement["entries"][number];

/** Reads a receipt; `null` for anything else. */
export function parseReceipt(payload: Buffer): Receipt | null {
  return parse(receiptPayload, payload);
}

/** Reads an announcement; `null` for anything else. */
export function parseAnnouncement(payload: Buffer): Announcement | null {
  return parse(announcementPayload, payload);
}

/** Anyone may publish there. What is not JSON is none, and the caller says so. */
function parse<T>(schema: z.ZodType<T>, payload: Buffer): T | null {
  const parsed = schema.safeParse(jsonOf(payload));
  return parsed.success ? parsed.data : null;
}
