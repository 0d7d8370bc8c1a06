import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { errorMessage, Fault, formProblems, fsyncFolderOf, issueWords } from "@weir/runtime";
import { z } from "zod";

/** Where the deletions are listed: beside the store of the pipeline. The logger alone writes it. */
export function deletionsFileOf(storeFile: string): string {
  return join(dirname(storeFile), "deletions.json");
}

/**
 * How far a deletion has got. `hiding`: its rows are on their way out of sight. `hidden`: it can be undone
 * until `undoUntilUs`. `undoing` and `undone`: the rows come back. `removing` and `removed`: they are gone.
 */
export const DELETION_STATES = [
  "hiding",
  "hidden",
  "undoing",
  "undone",
  "removing",
  "removed",
] as const;

export type DeletionState = (typeof DELETION_STATES)[number];

const time = z.int();

const deletionSchema = z.strictObject({
  id: z.string().min(1).max(64),
  stream: z.string(),
  filters: z.array(z.string()),
  fromUs: time,
  toUs: time,
  askedUs: time,
  through: z.strictObject({ segment: z.string(), id: z.int() }),
  state: z.enum(DELETION_STATES),
  stateUs: time,
  undoUntilUs: time.nullable(),
  doneSegment: z.string().nullable(),
  hiddenRows: z.int(),
  restoredRows: z.int(),
  skipped: z.array(z.string()),
});

/** Which rows are to be deleted. */
export interface DeletedRows {
  stream: string;
  /** Topic filters of which the row's topic matches one. */
  filters: readonly string[];
  /** When it was received: from this time on, in microseconds since the epoch. */
  fromUs: number;
  /** And before this one. */
  toUs: number;
  /** The newest row that existed when it was asked: what is stored later stays. */
  through: { segment: string; id: number };
}

/** One deletion, as the list has it. Times in microseconds since the epoch. */
export interface Deletion extends DeletedRows {
  id: string;
  askedUs: number;
  state: DeletionState;
  /** Since when it is in this state. */
  stateUs: number;
  /** Until then it can be undone; `null` while its rows are being hidden. */
  undoUntilUs: number | null;
  /** What the state asks for is done in this segment and in those before it; `null`: in none. */
  doneSegment: string | null;
  /** Rows that it has hidden so far. */
  hiddenRows: number;
  /** Rows that an undo has brought back so far. */
  restoredRows: number;
  /** Segments that could not be read, with the reasons. */
  skipped: readonly string[];
}

const fileSchema = z.strictObject({ version: z.literal(1), deletions: z.array(deletionSchema) });

/**
 * Reads the list.
 *
 * @returns none where there is no list.
 * @throws Fault when it is no such list.
 */
export function readDeletions(file: string): Deletion[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, "utf8");
  try {
    const parsed = fileSchema.safeParse(JSON.parse(text), { error: issueWords });
    if (parsed.success) return parsed.data.deletions;
    const [first] = formProblems(parsed.error.issues, { schema: fileSchema });
    throw new Error(`${first?.path.join(".")}: ${first?.words}`);
  } catch (cause) {
    throw new Fault(`${file} is not a list of deletions: ${errorMessage(cause)}`, {
      remedy:
        "Restore it from a backup. Without it nothing is undone or removed any more: move it away to go on so; what is hidden stays in the tables hidden_rows.",
      cause,
    });
  }
}

/** Replaces the list at once: a reader or a kill meets the old one or the new one. */
export function writeDeletions(file: string, deletions: readonly Deletion[]): void {
  const temporary = `${file}.making`;
  writeFileSync(temporary, `${JSON.stringify({ version: 1, deletions }, null, 1)}\n`);
  const descriptor = openSync(temporary, "r+");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, file);
  fsyncFolderOf(file);
}
