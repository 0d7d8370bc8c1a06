import { createTopicMatcher } from "@weir/protocol";
import type { Deletion, DeletionState } from "./deletion-list.ts";

const MASKING: ReadonlySet<DeletionState> = new Set(["hiding", "hidden", "removing", "removed"]);

/** From a time on and before another, in microseconds since the epoch. */
interface MaskedSpan {
  /** The id of the deletion. */
  deletion: string;
  fromUs: number;
  toUs: number;
}

/** Which points deletions hide: those of their topics that were observed in their spans. */
export class DeletionMasks {
  readonly #byStream: ReadonlyMap<string, (topic: string) => readonly MaskedSpan[]>;

  constructor(deletions: readonly Deletion[]) {
    const standing = deletions.filter(({ state }) => MASKING.has(state));
    this.#byStream = new Map(
      [...Map.groupBy(standing, ({ stream }) => stream)].map(([stream, own]) => {
        const entries = own.flatMap(({ id: deletion, filters, fromUs, toUs }) =>
          filters.map((filter) => ({ filter, value: { deletion, fromUs, toUs } })),
        );
        return [stream, createTopicMatcher(entries)] as const;
      }),
    );
  }

  /** The spans in which points of a topic are hidden; they may overlap. */
  spansOf(stream: string, topic: string): readonly MaskedSpan[] {
    return this.#byStream.get(stream)?.(topic) ?? [];
  }

  /** Whether a point of a topic that was observed at this time is hidden. */
  hides(stream: string, topic: string, us: number): boolean {
    return this.spansOf(stream, topic).some(({ fromUs, toUs }) => us >= fromUs && us < toUs);
  }
}
