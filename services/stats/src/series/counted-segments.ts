import { existsSync } from "node:fs";

/**
 * The segments that have readings in a window. Retention removes the oldest first, and whole files: a
 * look at the oldest tells whether anything is missing, and the others get theirs in turn.
 */
export interface CountedSegments {
  /** A reading of this second was counted, out of this file. Files come in the order of the stream. */
  note(file: string, second: number): void;
  /** Whether one of them has vanished. Looks at two of them at most. */
  hasLost(): boolean;
  /** Forgets those whose readings are all of this second or older. */
  forgetThrough(second: number): void;
  clear(): void;
}

export function createCountedSegments(): CountedSegments {
  const newestSeconds = new Map<string, number>();
  let turns = newestSeconds.keys();

  /** One after the other, and again from the beginning. */
  function nextInTurn(): string | undefined {
    const { value } = turns.next();
    if (value === undefined) turns = newestSeconds.keys();
    return value;
  }

  return {
    note: (file, second) => {
      const newest = newestSeconds.get(file);
      if (newest === undefined || second > newest) newestSeconds.set(file, second);
    },
    hasLost: () => {
      const oldest = newestSeconds.keys().next().value;
      return [oldest, nextInTurn()].some((file) => file !== undefined && !existsSync(file));
    },
    forgetThrough: (second) => {
      for (const [file, newest] of newestSeconds) if (newest <= second) newestSeconds.delete(file);
    },
    clear: () => newestSeconds.clear(),
  };
}
