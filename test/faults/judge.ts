import { abandoned, type Count, countRows, integrity, type StoreFiles } from "./count.ts";

/** Where everything is that is judged once all is over. */
export interface Evidence {
  journal: string;
  outbox: string;
  /** The store; several if it was put aside, all of which count. */
  stores: readonly StoreFiles[];
  /** The files of them that must be sound. Default all. */
  soundFiles?: readonly string[];
}

/** What the files say. Nobody has them open any more. */
export function judge(evidence: Evidence): { count: Count; problems: string[] } {
  const { journal, outbox, stores, soundFiles = stores.flat() } = evidence;
  const count = countRows(journal, stores);
  const problems = [
    count.lost > 0 && `${count.lost} lost`,
    count.duplicate > 0 && `${count.duplicate} stored twice`,
    count.invented > 0 && `${count.invented} stored that nobody sent`,
    abandoned(outbox) > 0 && `${abandoned(outbox)} given up by the outbox`,
    ...[outbox, ...soundFiles].map((file) => {
      const found = integrity(file);
      return found !== "ok" && `integrity_check of ${file}: ${found}`;
    }),
  ];
  return { count, problems: problems.filter((problem) => problem !== false) };
}
