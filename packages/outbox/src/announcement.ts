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
  // Numbers without a gap between them have the same distance to their rank: one range.
  const selectAbandoned = database
    .prepare<[string, string, number], [number, number]>(
      `SELECT min(seq), max(seq)
       FROM (SELECT seq, seq - row_number() OVER (ORDER BY seq) AS distance
             FROM abandoned WHERE epoch = ? AND topic = ?)
       GROUP BY distance ORDER BY 1 DESC LIMIT ?`,
    )
    .raw();

  return () =>
    select.all(ENTRIES_MAX).map(({ epoch, topic, accepted, oldestUnsent }) => ({
      epoch,
      topic,
      accepted,
      oldestUnsent,
      abandoned: selectAbandoned.all(epoch, topic, RANGES_MAX).reverse(),
    }));
}
