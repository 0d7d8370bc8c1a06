/** Something in a file of settings, or in what comes of it, that cannot stay. */
export interface Problem {
  /** The keys that lead to it: `["streams", "kitchen", "rotation"]`. */
  path: readonly string[];
  /** What is wrong and how to mend it. */
  words: string;
}
