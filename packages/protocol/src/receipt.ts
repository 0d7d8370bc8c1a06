import { z } from "zod";
import { jsonOf } from "./outside-text.ts";
import { isName } from "./topics.ts";

const seq = z.int().nonnegative();
const range = z.tuple([seq, seq]);
const key = { epoch: z.string().refine(isName), topic: z.string() };

/** The most ranges that one entry of a receipt or an announcement carries. */
export const RANGES_MAX = 64;

/** The most entries that one receipt or announcement carries. */
export const ENTRIES_MAX = 256;

/**
 * The payload of `weir/receipt/<publisher>`: which messages of this publisher are committed. It is cumulative:
 * only the newest one counts.
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

/** The payload of `weir/publisher/<publisher>`: the messages that an outbox has accepted, sent and abandoned. */
const announcementPayload = z.object({
  /** Epoch seconds. */
  at: z.int(),
  entries: z
    .array(
      z.object({
        ...key,
        /** The last seq that was assigned. */
        accepted: seq,
        /** The oldest one that is still in the outbox; `accepted + 1` when none is. */
        oldestUnsent: seq,
        /** Not sent any more: too old, or refused by the broker again and again. */
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

function parse<T>(schema: z.ZodType<T>, payload: Buffer): T | null {
  const parsed = schema.safeParse(jsonOf(payload));
  return parsed.success ? parsed.data : null;
}

/**
 * The fields that an outbox adds to a payload. `(publisher, epoch, topic, seq)` identifies one message and
 * never another one.
 */
export interface Sequence {
  publisher: string;
  /** One opening of the outbox. */
  epoch: string;
  /** The number of the message in this epoch and topic, from 1. */
  seq: number;
}

/**
 * The sequence of a parsed payload: "none" unless it has all of the fields, "unusable" for wrong values. The
 * checks are written by hand, since a schema takes many times as long; a test compares them with one.
 */
export function parseSequence(record: object): Sequence | "none" | "unusable" {
  const { publisher, epoch, seq } = record as Record<string, unknown>;
  if (publisher === undefined || epoch === undefined || seq === undefined) return "none";
  if (typeof publisher !== "string" || typeof epoch !== "string" || typeof seq !== "number") {
    return "unusable";
  }
  const isValid = Number.isSafeInteger(seq) && seq > 0 && isName(publisher) && isName(epoch);
  return isValid ? { publisher, epoch, seq } : "unusable";
}

/**
 * The relation of a topic to the publisher that a payload names: `own` is a topic of that device, `foreign` a
 * topic of another device. A `shared` topic names no device: any publisher may use it.
 */
type Claim = "own" | "foreign" | "shared";

export type ClaimOf = (topic: string, publisher: string) => Claim;

/** @param prefixes the first levels of the topics of devices, before the device's id; `+` is any level. */
export function createClaimOf(prefixes: readonly string[]): ClaimOf {
  const levelsOfPrefixes = prefixes.map((prefix) => prefix.split("/"));
  return (topic, publisher) => {
    let claim: Claim = "shared";
    for (const levels of levelsOfPrefixes) {
      const at = endOfPrefix(topic, levels);
      if (at === -1) continue;
      const end = at + publisher.length;
      const isOwn = topic.startsWith(publisher, at) && (end === topic.length || topic[end] === "/");
      if (isOwn) return "own";
      claim = "foreign";
    }
    return claim;
  };
}

/** The index of the level after a prefix; -1 when the topic has another prefix. */
function endOfPrefix(topic: string, levels: readonly string[]): number {
  let at = 0;
  for (const level of levels) {
    const end = topic.indexOf("/", at);
    if (end === -1) return -1;
    const isSame = end - at === level.length && topic.startsWith(level, at);
    if (level !== "+" && !isSame) return -1;
    at = end + 1;
  }
  return at;
}
