// A program of its own, which `startJudge` runs: it answers questions about SQLite files.
import { abandoned, countRows, foldLog, integrity, newestId, waiting } from "./count.ts";
import type { Answer, Evidence, Question, Questions } from "./start-judge.ts";

function judge(evidence: Evidence): ReturnType<Questions["judge"]> {
  const { journal, outbox, stores, wholeFiles = stores.flat() } = evidence;
  const count = countRows(journal, stores);
  const problems = [
    count.lost > 0 && `${count.lost} lost`,
    count.duplicate > 0 && `${count.duplicate} stored twice`,
    count.invented > 0 && `${count.invented} stored that nobody sent`,
    abandoned(outbox) > 0 && `${abandoned(outbox)} given up by the outbox`,
    ...[outbox, ...wholeFiles].map((file) => {
      const found = integrity(file);
      return found !== "ok" && `integrity_check of ${file}: ${found}`;
    }),
  ];
  return { count, problems: problems.filter((problem) => problem !== false) };
}

const answers: Questions = { newestId, waiting, integrity, foldLog, judge };

function answerTo({ id, name, given }: Question): Answer {
  try {
    // `startJudge` asks each question with what it takes.
    return { id, value: (answers[name] as (given: unknown) => unknown)(given) };
  } catch (error) {
    return { id, problem: describe(error) };
  }
}

/** SQLite's own code tells which of the many I/O errors it was. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "errcode" in error ? ` (SQLite ${error.errcode})` : "";
  return `${error.message}${code}`;
}

if (process.send === undefined) {
  throw new Error("judge.ts runs in a process of its own: call startJudge()");
}
process.on("message", (question: Question) => process.send?.(answerTo(question)));
// Ctrl-C is for the harness, which ends its judge itself; without the harness there is nothing to do.
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit());
