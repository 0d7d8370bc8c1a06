import {
  type Deletion,
  nextSegmentOf,
  type RowsRequest,
  type StreamPlace,
  type StreamStore,
} from "@weir/store";
import { START_US } from "@weir/testkit";

/** Hides rows of a stream and brings them back, as the logger does. */
export class Deleting {
  readonly #place: StreamPlace;
  readonly #hidden: Deletion[] = [];
  #changes = 0;

  constructor(place: StreamPlace) {
    this.#place = place;
  }

  /** Changes with each of them. */
  get version(): string {
    return String(this.#changes);
  }

  hide(store: StreamStore, given: Pick<Deletion, "filters" | "fromUs" | "toUs">): void {
    this.#changes += 1;
    const deletion: Deletion = {
      id: `d${this.#changes}`,
      stream: "data",
      ...given,
      through: store.end(),
      askedUs: START_US,
      state: "hidden",
      stateUs: START_US,
      undoUntilUs: null,
      doneSegment: null,
      hiddenRows: 0,
      restoredRows: 0,
      skipped: [],
    };
    this.#carryOut(store, { kind: "hide", deletion, others: [] });
    this.#hidden.push(deletion);
  }

  /** Brings back the oldest that is hidden, if any is. */
  undo(store: StreamStore): void {
    const deletion = this.#hidden.shift();
    if (deletion === undefined) return;
    this.#changes += 1;
    this.#carryOut(store, { kind: "restore", deletion, others: this.#hidden });
  }

  #carryOut(store: StreamStore, request: RowsRequest): void {
    let segment = nextSegmentOf(this.#place, request.deletion, null);
    while (segment !== null) {
      using task = store.openRowsTask(segment, request);
      while (!task.step(() => true).isDone);
      segment = nextSegmentOf(this.#place, request.deletion, segment.name);
    }
  }
}
