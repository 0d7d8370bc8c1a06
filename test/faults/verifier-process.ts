// The process that `startVerifier` runs: it answers questions about SQLite files.
import { existsSync } from "node:fs";
// biome-ignore lint/style/noRestrictedImports: another library than Weir's own reads what Weir has stored
import { DatabaseSync } from "node:sqlite";
import { readJournal } from "./numbered-readings.ts";
import type { Answer, Counts, Evidence, Question, Questions, StoreFiles } from "./verifier.ts";

const BUSY_MS_MAX = 5_000;
// Rows that the harness itself wrote, for retention to remove, have negative numbers.
const NUMBERS = "SELECT json_extract(CAST(payload AS TEXT), '$.number') AS number FROM rows";

/**
 * SQLite's errors while the logger moves a file aside: CORRUPT and NOTADB of the damaged file, IOERR_FSTAT
 * when the name goes between the opening of the file and that of its log (whose mode is that of the
 * file), the others when file and log are not of the same store.
 */
const REPLACED_CODES: ReadonlySet<unknown> = new Set([11, 26, 1_802, 522, 14, 776]);

const answers: Questions = {
  newestId: (file) => {
    try {
      return numberIn(file, "SELECT coalesce(max(id), 0) AS number FROM rows");
    } catch (error) {
      const code = error instanceof Error && "errcode" in error ? error.errcode : null;
      if (REPLACED_CODES.has(code)) return 0;
      throw error;
    }
  },
  waiting: (outbox) => numberIn(outbox, "SELECT count(*) AS number FROM messages"),
  integrity: (file) =>
    query(file, "PRAGMA integrity_check")
      .map(({ integrity_check: text }) => String(text))
      .join("; "),
  foldLog: (file) => {
    using database = new DatabaseSync(file);
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    return null;
  },
  verify: ({ journal, outbox, stores, wholeFiles = stores.flat() }) => {
    const counts = compareWithJournal(journal, stores);
    const abandoned = numberIn(outbox, "SELECT count(*) AS number FROM abandoned");
    const problems = [
      counts.lost > 0 && `${counts.lost} lost`,
      counts.duplicate > 0 && `${counts.duplicate} stored twice`,
      counts.invented > 0 && `${counts.invented} stored and never sent`,
      abandoned > 0 && `${abandoned} given up by the outbox`,
      ...[outbox, ...wholeFiles].map((file) => {
        const found = answers.integrity(file);
        return found !== "ok" && `integrity_check of ${file}: ${found}`;
      }),
    ];
    return { counts, problems: problems.filter((problem) => problem !== false) };
  },
};

function compareWithJournal(journal: Evidence["journal"], stores: readonly StoreFiles[]): Counts {
  const { intended, accepted } = readJournal(journal);
  const perStore = stores.map((files) =>
    files.flatMap((file) =>
      query(file, NUMBERS)
        .map(({ number }) => Number(number))
        .filter((number) => number > 0),
    ),
  );
  const stored = new Set(perStore.flat());
  return {
    created: accepted.size,
    stored: stored.size,
    lost: [...accepted].filter((number) => !stored.has(number)).length,
    // A store is responsible for itself only: two of them may both have a message.
    duplicate: perStore.reduce((sum, numbers) => sum + numbers.length - new Set(numbers).size, 0),
    invented: [...stored].filter((number) => !intended.has(number)).length,
  };
}

function numberIn(file: string, select: string): number {
  return Number(query(file, select)[0]?.number ?? 0);
}

// Each question opens the file again: it may be another one the next time.
function query(file: string, sql: string): Record<string, unknown>[] {
  if (!existsSync(file)) return [];
  using database = new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS_MAX });
  try {
    return database.prepare(sql).all();
  } catch (error) {
    // The first process that opens a file has not made its tables yet.
    if (error instanceof Error && error.message.includes("no such table")) return [];
    throw error;
  }
}

/** SQLite's own code distinguishes its many I/O errors. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "errcode" in error ? ` (SQLite ${error.errcode})` : "";
  return `${error.message}${code}`;
}

if (process.send === undefined) {
  throw new Error("verifier-process.ts needs a parent process: call startVerifier()");
}
process.on("message", ({ id, name, given }: Question) => {
  let answer: Answer;
  try {
    // `startVerifier` asks each question with its own parameter.
    answer = { id, value: (answers[name] as (given: unknown) => unknown)(given) };
  } catch (error) {
    answer = { id, problem: describe(error) };
  }
  process.send?.(answer);
});
// Ctrl-C goes to the harness too, which ends its verifier; without the harness there is nothing to do.
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit());
