// The process that `startVerifier` runs: it answers questions about SQLite files.
import { existsSync, readFileSync } from "node:fs";
// biome-ignore lint/style/noRestrictedImports: another library than Weir's own reads what Weir has stored
import { DatabaseSync } from "node:sqlite";
import { zstdDecompressSync } from "node:zlib";
import { parquetReadObjects } from "hyparquet";
import { readJournal } from "./numbered-readings.ts";
import type { Answer, Counts, Evidence, Question, Questions, StoreFiles } from "./verifier.ts";

const BUSY_MS_MAX = 5_000;
// Rows that the harness itself wrote, for retention to remove, have negative numbers.
const NUMBERS = "SELECT json_extract(CAST(payload AS TEXT), '$.number') AS number FROM rows";
const FILES_OF_POINTS = `
SELECT 'stream=' || stream || '/month=' || month || '/' || name AS file FROM files ORDER BY file`;

/**
 * SQLite's errors while the logger moves a file aside: CORRUPT and NOTADB of the damaged file, IOERR_FSTAT
 * when the name goes between the opening of the file and that of its log (whose mode is that of the
 * file), the others when file and log are not of the same store.
 */
const REPLACED_CODES: ReadonlySet<unknown> = new Set([11, 26, 1_802, 522, 14, 776]);

/** Archives are read as other programs read them. */
const ARCHIVE = ".parquet";

type Answers = {
  [Name in keyof Questions]: (
    ...given: Parameters<Questions[Name]>
  ) => ReturnType<Questions[Name]> | Promise<ReturnType<Questions[Name]>>;
};

const answers: Answers = {
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
  integrity,
  numbers: async (files) => (await Promise.all(files.map(numbersIn))).flat(),
  filesOfPoints: (indexFile) => query(indexFile, FILES_OF_POINTS).map(({ file }) => String(file)),
  foldLog: (file) => {
    using database = new DatabaseSync(file);
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    return null;
  },
  verify: async ({ journal, outbox, stores, wholeFiles = stores.flat() }) => {
    const counts = await compareWithJournal(journal, stores);
    const abandoned = numberIn(outbox, "SELECT count(*) AS number FROM abandoned");
    const problems = [
      counts.lost > 0 && `${counts.lost} lost`,
      counts.duplicate > 0 && `${counts.duplicate} stored twice`,
      counts.invented > 0 && `${counts.invented} stored and never sent`,
      abandoned > 0 && `${abandoned} given up by the outbox`,
      ...[outbox, ...wholeFiles].map((file) => {
        const found = integrity(file);
        return found !== "ok" && `integrity_check of ${file}: ${found}`;
      }),
    ];
    return { counts, problems: problems.filter((problem) => problem !== false) };
  },
};

function integrity(file: string): string {
  return query(file, "PRAGMA integrity_check")
    .map(({ integrity_check: text }) => String(text))
    .join("; ");
}

async function numbersIn(file: string): Promise<number[]> {
  const numbers = file.endsWith(ARCHIVE)
    ? await numbersInArchive(file)
    : query(file, NUMBERS).map(({ number }) => Number(number));
  return numbers.filter((number) => number > 0);
}

async function numbersInArchive(file: string): Promise<number[]> {
  const bytes = new Uint8Array(readFileSync(file));
  const rows = await parquetReadObjects({
    file: bytes.buffer,
    columns: ["text"],
    compressors: { ZSTD: (input) => zstdDecompressSync(input) },
  });
  return rows.map(({ text }) => Number(JSON.parse(String(text)).number));
}

async function compareWithJournal(
  journal: Evidence["journal"],
  stores: readonly StoreFiles[],
): Promise<Counts> {
  const { intended, accepted } = readJournal(journal);
  const perStore = await Promise.all(stores.map((files) => answers.numbers(files)));
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
process.on("message", async ({ id, name, given }: Question) => {
  let answer: Answer;
  try {
    // `startVerifier` asks each question with its own parameter.
    answer = { id, value: await (answers[name] as (given: unknown) => unknown)(given) };
  } catch (error) {
    answer = { id, problem: describe(error) };
  }
  process.send?.(answer);
});
// Ctrl-C goes to the harness too, which ends its verifier; without the harness there is nothing to do.
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit());
