/** What colours mean: nothing else. */
export type Tone = "ok" | "attention" | "problem" | "quiet";
