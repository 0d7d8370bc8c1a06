/** The keys that lead to a part of a file: `["streams", "kitchen", "rotation"]`. */
export type Path = readonly string[];

/** Something in a file of settings, or in what comes of it, that cannot stay. */
export interface Problem {
  path: Path;
  /** What is wrong and how to mend it. */
  words: string;
  /** What it is about, where that is not what stands at its path. It is told when the form of each is sound. */
  of?: readonly Path[];
}
