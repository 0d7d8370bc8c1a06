import { createTopicMatcher } from "@weir/protocol";
import { ArchiveFile } from "../archive/archive-file.ts";
import { ArchiveGroup } from "../archive/archive-group.ts";
import type { GroupLayout } from "../archive/archive-layout.ts";
import type { DeletedRows } from "./deletion-list.ts";

/** Which rows of an archive deletions mean. */
export class ArchivedRows {
  readonly #deletions: readonly DeletedRows[];
  readonly #matches: (topic: string) => readonly DeletedRows[];
  /** By topic: a row group has few. */
  readonly #known = new Map<string, readonly DeletedRows[]>();

  /** @param segment the name of the segment that was archived. */
  constructor(segment: string, deletions: readonly DeletedRows[]) {
    this.#deletions = deletions
      .filter(({ through }) => segment <= through.segment)
      .map((one) =>
        segment < one.through.segment
          ? { ...one, through: { segment, id: Number.MAX_SAFE_INTEGER } }
          : one,
      );
    const entries = this.#deletions.flatMap((value) =>
      value.filters.map((filter) => ({ filter, value })),
    );
    this.#matches = createTopicMatcher(entries);
  }

  /** Whether a row group may have such rows. */
  mayBeIn({ minUs, maxUs, firstId }: GroupLayout): boolean {
    return this.#deletions.some(
      ({ fromUs, toUs, through }) => maxUs >= fromUs && minUs < toUs && firstId <= through.id,
    );
  }

  /** The places of these rows in a row group. */
  placesIn(group: ArchiveGroup): number[] {
    const { ids, receivedUs, topics } = group;
    const places: number[] = [];
    for (let place = 0; place < topics.length; place += 1) {
      const [id, us] = [ids[place] as number, receivedUs[place] as number];
      // Every topic is read: none was said not to matter.
      const meant = this.#meantBy(topics[place] as string).some(
        ({ fromUs, toUs, through }) => us >= fromUs && us < toUs && id <= through.id,
      );
      if (meant) places.push(place);
    }
    return places;
  }

  /** Whether an archive has any of them. Reads no payloads. */
  areIn(archive: ArchiveFile): boolean {
    return archive.groups.some(
      (layout, group) =>
        this.mayBeIn(layout) && this.placesIn(new ArchiveGroup(archive, group)).length > 0,
    );
  }

  #meantBy(topic: string): readonly DeletedRows[] {
    let meant = this.#known.get(topic);
    if (meant === undefined) {
      if (this.#known.size >= TOPICS_MAX) this.#known.clear();
      meant = this.#matches(topic);
      this.#known.set(topic, meant);
    }
    return meant;
  }
}

const TOPICS_MAX = 10_000;

/** How many rows an archive has. */
export function rowsInArchive(file: string): number {
  using archive = new ArchiveFile(file);
  return archive.groups.reduce((sum, { rows }) => sum + rows, 0);
}
