import type { Memory } from "./memory.ts";
import type { Path } from "./path.ts";

/** The words of a device for a state, beside those that every stream knows: the first is 1, the second 0. */
export type WordPair = readonly [one: string, zero: string];

/** Paths of a topic with words of their own at most. */
const PATHS_MAX = 256;
const WORD_LENGTH_MAX = 64;

const keyOf = (topic: string): string => `words ${topic}`;

/** Remembers the words of series at a topic, beside those that it has already. */
export function rememberWords(
  memory: Memory,
  topic: string,
  pairs: readonly (readonly [Path, WordPair])[],
): void {
  const usable = pairs.filter(([, words]) =>
    words.every(({ length }) => length <= WORD_LENGTH_MAX),
  );
  if (usable.length === 0) return;
  const before = Object.entries(memory.get(keyOf(topic)) ?? {});
  const all = new Map<string, unknown>([...before, ...usable]);
  // Not an assignment: a path may be "__proto__".
  memory.set(keyOf(topic), Object.fromEntries([...all].slice(0, PATHS_MAX)));
}

/** The state that a word means at this topic and path; `null` for a word that nothing is known of. */
export function ownStateOf(memory: Memory, topic: string, path: Path, word: string): 0 | 1 | null {
  const known = memory.get(keyOf(topic));
  if (known === undefined || !Object.hasOwn(known, path)) return null;
  const [one, zero] = known[path] as WordPair;
  if (word === one) return 1;
  return word === zero ? 0 : null;
}
