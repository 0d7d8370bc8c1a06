import type { Clock } from "@weir/clock";
import type { Logger } from "@weir/service";
import type { StreamStore } from "@weir/store";

/**
 * On a full disk retention comes before intake. Who takes in first ends by the first commit, at each
 * start, and the clock never runs for long enough to say that anything is old.
 */
export interface Turn {
  /** Resolves when messages may be taken in: at once where there is room. */
  isOver: Promise<void>;
  isPending(): boolean;
  /** Looks at the disk after a pass. @param isAllDone nothing more is due. */
  look(isAllDone: boolean): void;
  /** There is no pass any more. */
  end(): void;
}

// A disk that is filled and emptied all the time is not told of each time.
const TELL_INTERVAL_MS = 60_000;

/** What a stream's retention waits for, and what the operator is told of it. */
export function startTurn(options: {
  store: Pick<StreamStore, "isShortOfRoom">;
  clock: Clock;
  logger: Logger;
}): Turn {
  const { store, clock, logger } = options;
  const { promise, resolve } = Promise.withResolvers<void>();
  let isPending = true;
  let toldShort = false;
  let toldAtMs = Number.NEGATIVE_INFINITY;

  function tell(isShort: boolean): void {
    if (isShort === toldShort || clock.monotonic() - toldAtMs < TELL_INTERVAL_MS) return;
    toldShort = isShort;
    toldAtMs = clock.monotonic();
    if (!isShort) {
      logger.info("the disk has room again, and the ballast is whole");
    } else if (isPending) {
      logger.error(
        { remedy: "Make room on the disk, or wait." },
        "the disk is all but full: nothing is taken in until what is due has been removed",
      );
    } else {
      logger.warn("the disk is all but full: what is due is removed with the room of the ballast");
    }
  }

  function end(): void {
    isPending = false;
    resolve();
  }

  function look(isAllDone: boolean): void {
    const isShort = store.isShortOfRoom();
    tell(isShort);
    if (!isShort || isAllDone) end();
  }

  look(false);
  return { isOver: promise, isPending: () => isPending, look, end };
}
