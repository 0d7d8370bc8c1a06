import { statSync } from "node:fs";
import { Fault } from "@weir/runtime";
import { type Deletion, readDeletions } from "./deletion-list.ts";

/** Follows the list of deletions, which the logger writes. */
export class DeletionWatch {
  readonly #file: string;
  #seen = "";
  #all: readonly Deletion[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  /** The list as it is now. It is read only when it has changed; where it is damaged, the one before counts. */
  look(): readonly Deletion[] {
    const stats = statSync(this.#file, { throwIfNoEntry: false });
    const seen = stats === undefined ? "" : `${stats.ino} ${stats.mtimeMs} ${stats.size}`;
    if (seen === this.#seen) return this.#all;
    this.#seen = seen;
    try {
      this.#all = readDeletions(this.#file);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    }
    return this.#all;
  }

  /** Changes when rows of a stream have vanished or come back: readers that may have counted them begin again. */
  versionOf(stream: string): string {
    return this.look()
      .filter((one) => one.stream === stream && one.state !== "hiding")
      .map(({ id, state }) => (state === "undone" ? `+${id}` : `-${id}`))
      .join(" ");
  }
}
