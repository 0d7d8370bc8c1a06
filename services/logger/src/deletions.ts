import { randomBytes } from "node:crypto";
import { renameSync } from "node:fs";
import { type Clock, errorMessage, Gauge, type Logger, type Registry } from "@weir/runtime";
import {
  DELETION_STATES,
  type DeletedRows,
  type Deletion,
  type DeletionState,
  readDeletions,
  writeDeletions,
} from "@weir/store";

/** How long a deletion can be undone once its rows are hidden. */
export const UNDO_MS = 86_400_000;
/** So long the list shows deletions that are over. stats must have run once meanwhile. */
const SHOWN_MS = 90 * 86_400_000;
/** So many deletions the list has at most. */
export const DELETIONS_MAX = 1_000;
const ID_BYTES = 4;

const AT_WORK: ReadonlySet<DeletionState> = new Set(["undoing", "hiding", "removing"]);
const NEXT = { hiding: "hidden", undoing: "undone", removing: "removed" } as const;

/** The deletions that were asked for, and how far each has got. What it says is on the disk before. */
export class Deletions {
  readonly #file: string;
  readonly #clock: Clock;
  #all: readonly Deletion[];

  /** A list that cannot be read is put aside: messages are stored all the same. */
  constructor(file: string, { clock, logger }: { clock: Clock; logger: Logger }) {
    this.#file = file;
    this.#clock = clock;
    this.#all = readOrPutAside(file, clock, logger);
  }

  /** The oldest first. */
  all(): readonly Deletion[] {
    return this.#all;
  }

  find(id: string): Deletion | null {
    return this.#all.find((deletion) => deletion.id === id) ?? null;
  }

  /** Those that ask for work; an undo comes first, because somebody misses these rows. */
  atWork(): Deletion[] {
    return [...AT_WORK].flatMap((state) => this.#all.filter((one) => one.state === state));
  }

  /** Those whose rows another one of the stream must leave hidden. */
  othersHiding({ id, stream }: Deletion): Deletion[] {
    return this.#all.filter(
      (one) =>
        one.id !== id &&
        one.stream === stream &&
        (one.state === "hiding" || one.state === "hidden"),
    );
  }

  /** @returns `null` when there are too many. */
  add(rows: DeletedRows): Deletion | null {
    const nowUs = this.#nowUs();
    const kept = this.#all.filter(({ state, stateUs }) => {
      const isOver = state === "undone" || state === "removed";
      return !isOver || nowUs - stateUs < SHOWN_MS * 1_000;
    });
    if (kept.length >= DELETIONS_MAX) return null;
    const deletion: Deletion = {
      id: randomBytes(ID_BYTES).toString("hex"),
      ...rows,
      askedUs: nowUs,
      state: "hiding",
      stateUs: nowUs,
      undoUntilUs: null,
      doneSegment: null,
      hiddenRows: 0,
      restoredRows: 0,
      skipped: [],
    };
    this.#save([...kept, deletion]);
    return deletion;
  }

  /** @returns the deletion as it is then; `null` when its rows are being removed or are gone. */
  undo(deletion: Deletion): Deletion | null {
    const { state } = deletion;
    if (state === "removing" || state === "removed") return null;
    if (state === "undoing" || state === "undone") return deletion;
    return this.#enter(deletion, "undoing");
  }

  /** What was hidden for long enough goes. */
  removeDue(): void {
    const nowUs = this.#nowUs();
    for (const deletion of this.#all) {
      const { state, undoUntilUs } = deletion;
      if (state !== "hidden" || undoUntilUs === null || undoUntilUs > nowUs) continue;
      this.#enter(deletion, "removing");
    }
  }

  /** Rows were moved. On the disk this is only with the next change. */
  count(id: string, rows: number): void {
    this.#all = this.#all.map((one) => {
      if (one.id !== id) return one;
      if (one.state === "hiding") return { ...one, hiddenRows: one.hiddenRows + rows };
      if (one.state === "undoing") return { ...one, restoredRows: one.restoredRows + rows };
      return one;
    });
  }

  /** What the state asks for is done in a segment, or cannot be done there. */
  segmentDone(id: string, segment: string, skippedBecause: string | null): void {
    this.#change(id, (one) => ({
      ...one,
      doneSegment: segment,
      skipped: skippedBecause === null ? one.skipped : [...one.skipped, skippedBecause],
    }));
  }

  /** What the state asks for is done in all segments. */
  done({ id, state }: Deletion): Deletion | null {
    const deletion = this.find(id);
    if (deletion === null || deletion.state !== state || !(state in NEXT)) return null;
    // The states with a next one were just looked up.
    return this.#enter(deletion, NEXT[state as keyof typeof NEXT]);
  }

  #enter({ id }: Deletion, state: DeletionState): Deletion {
    const nowUs = this.#nowUs();
    const undoUntilUs = state === "hidden" ? { undoUntilUs: nowUs + UNDO_MS * 1_000 } : {};
    const entered = { state, stateUs: nowUs, doneSegment: null, ...undoUntilUs };
    return this.#change(id, (one) => ({ ...one, ...entered }));
  }

  #change(id: string, change: (one: Deletion) => Deletion): Deletion {
    const known = this.find(id);
    if (known === null) throw new Error(`there is no deletion ${id}`);
    const changed = change(known);
    this.#save(this.#all.map((one) => (one === known ? changed : one)));
    return changed;
  }

  /** Nothing counts that is not on the disk. */
  #save(all: readonly Deletion[]): void {
    writeDeletions(this.#file, all);
    this.#all = all;
  }

  #nowUs(): number {
    return Math.round(this.#clock.now() * 1_000);
  }
}

function readOrPutAside(file: string, clock: Clock, logger: Logger): readonly Deletion[] {
  try {
    return readDeletions(file);
  } catch (error) {
    const keptAs = `${file}.damaged-${Math.floor(clock.now())}`;
    renameSync(file, keptAs);
    const remedy =
      "What is hidden stays hidden: to undo or remove it, stop the logger and put back the list from a backup.";
    logger.error(
      { reason: errorMessage(error), keptAs, remedy },
      "the list of deletions is damaged",
    );
    return [];
  }
}

/** Shows how many deletions there are, by state. */
export function registerDeletionMetrics(registry: Registry, deletions: Deletions): void {
  new Gauge({
    name: "weir_logger_deletions",
    help: "Deletions by state: hiding, hidden, undoing, undone, removing or removed.",
    labelNames: ["state"],
    registers: [registry],
    collect() {
      for (const state of DELETION_STATES) {
        this.set({ state }, deletions.all().filter((one) => one.state === state).length);
      }
    },
  });
}
