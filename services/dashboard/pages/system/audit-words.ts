import type { Audit } from "../../src/contract/system.ts";
import type { Format } from "../format.ts";
import type { Tone } from "../parts/tone.ts";

interface Verdict {
  tone: Tone;
  words: string;
}

/** The audit in one sentence. */
export function auditVerdict(
  { atMs, missing, publishers }: Audit,
  { count }: Pick<Format, "count">,
): Verdict {
  if (atMs === null) return { tone: "quiet", words: "The first audit has not ended yet." };
  const accepted = publishers.reduce((sum, one) => sum + (one.accepted ?? one.stored), 0);
  if (missing > 0) {
    const words = missing === 1 ? "1 message is missing" : `${count(missing)} messages are missing`;
    return { tone: "problem", words: `${words}, of ${count(accepted)} that publishers accepted.` };
  }
  const waiting = publishers.reduce((sum, one) => sum + (one.waiting ?? 0), 0);
  const abandoned = publishers.reduce((sum, one) => sum + one.abandoned, 0);
  if (publishers.length === 0) return { tone: "quiet", words: "There is nothing to audit yet." };
  const words = [`Of ${count(accepted)} messages that publishers accepted, none is missing`];
  if (waiting > 0) words.push(`${count(waiting)} wait in outboxes`);
  if (abandoned > 0) words.push(`${count(abandoned)} were abandoned by their publishers`);
  // What waits is safe, and there is always something on its way.
  return { tone: abandoned > 0 ? "attention" : "ok", words: `${words.join("; ")}.` };
}

export function publisherTone({ missing, abandoned, doubts }: Audit["publishers"][number]): Tone {
  if (missing > 0) return "problem";
  return abandoned > 0 || doubts.length > 0 ? "attention" : "ok";
}
