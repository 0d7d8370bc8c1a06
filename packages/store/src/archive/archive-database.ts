import type { Database } from "better-sqlite3";
import Sqlite from "better-sqlite3";
import { migrate } from "../segment/schema.ts";
import { ArchiveFile } from "./archive-file.ts";
import { ArchiveGroup } from "./archive-group.ts";

/** Which row groups of an archive are needed. */
export interface ArchivePart {
  /** Leaves out those of which every row was received before this, in microseconds since the epoch. */
  fromUs?: number;
  /** Only so many of the last ones. */
  lastGroups?: number;
}

/**
 * Puts the rows of an archive into a database again, for questions in SQL. It is a temporary file that vanishes when
 * it is closed.
 *
 * @throws UnreadableArchive when the archive is damaged.
 */
export function openAsDatabase(
  file: string,
  { fromUs = Number.MIN_SAFE_INTEGER, lastGroups = Number.POSITIVE_INFINITY }: ArchivePart,
): Database {
  using archive = new ArchiveFile(file);
  const database = new Sqlite("");
  try {
    database.pragma("journal_mode = OFF");
    migrate(database, archive.facts);
    const insert = prepareInsert(database);
    const fill = database.transaction(() => {
      for (const [group, { maxUs }] of archive.groups.entries()) {
        const isLast = archive.groups.length - group <= lastGroups;
        if (isLast && maxUs >= fromUs) insert(new ArchiveGroup(archive, group));
      }
      const { generation, nextId, sealedUs, successor } = archive.facts;
      database.prepare("UPDATE segment SET generation = ?, next_id = ?").run(generation, nextId);
      database.prepare("INSERT INTO sealed VALUES (1, ?, ?)").run(sealedUs, successor);
    });
    fill();
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function prepareInsert(database: Database): (group: ArchiveGroup) => void {
  const topics = new Map<string, number>();
  const addTopic = database.prepare<[number, string]>(
    "INSERT INTO topics (id, topic) VALUES (?, ?)",
  );
  const addRow = database.prepare<unknown[]>("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");

  function topicIdOf(topic: string): number {
    let id = topics.get(topic);
    if (id === undefined) {
      id = topics.size + 1;
      topics.set(topic, id);
      addTopic.run(id, topic);
    }
    return id;
  }

  return (group) => {
    const { ids, receivedUs, topics: texts, payloads, qos, retained, outcomes } = group;
    for (let row = 0; row < ids.length; row += 1) {
      const topicId = topicIdOf(texts[row] as string);
      const isRetained = retained[row] === true ? 1 : 0;
      const [value, observedUs] = [group.values[row], group.observedUs[row]];
      addRow.run(
        ids[row],
        receivedUs[row],
        topicId,
        payloads[row],
        qos[row],
        isRetained,
        outcomes[row],
        value,
        observedUs,
      );
    }
  };
}
