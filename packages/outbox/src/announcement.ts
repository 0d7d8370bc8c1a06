import { type AnnouncementEntry, ENTRIES_MAX, RANGES_MAX } from "@weir/messages";
import type { Database } from "better-sqlite3";

/** Reads what the publisher tells about itself: per epoch and topic, the newest first. */
export function prepareAnnouncement(database: Database): () => AnnouncementEntry[] {
  const select = database.prepare<
    [number],
    { epoch: string; topic: string; accepted: number; oldestUnsent: number }
  >(
    `SELECT epoch, topic, accepted,
            coalesce((SELECT min(seq) FROM messages
                      WHERE messages.epoch = sequences.epoch AND messages.topic = sequences.topic),
                     accepted + 1) AS oldestUnsent
     FROM sequences ORDER BY changed_ms DESC LIMIT ?`,
  );
  const selectAbandoned = database
    .prepare<[string, string, number], number>(
      `SELECT seq FROM abandoned WHERE epoch = ? AND topic = ? ORDER BY seq DESC LIMIT ?`,
    )
    .pluck();

  return () =>
    select.all(ENTRIES_MAX).map(({ epoch, topic, accepted, oldestUnsent }) => ({
      epoch,
      topic,
      accepted,
      oldestUnsent,
      abandoned: toRanges(selectAbandoned.all(epoch, topic, RANGES_MAX).reverse()),
    }));
}

/** Ascending numbers as ranges. */
function toRanges(seqs: readonly number[]): [number, number][] {
  const ranges: [number, number][] = [];
  for (const seq of seqs) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === seq - 1) last[1] = seq;
    else ranges.push([seq, seq]);
  }
  return ranges;
}
