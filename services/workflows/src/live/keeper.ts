import { errorCode, errorMessage, type HealthCheck, type ServiceContext } from "@weir/runtime";
import type { EndedAction } from "../log/outbox.ts";
import type { Commit, WorkflowsLog } from "../log/workflows-log.ts";

const RETRY_MS = 1_000;

/** Failures that pass: the disk is full, or another program has locked the file. */
const PASSING = /^SQLITE_(FULL|BUSY|IOERR|READONLY|CANTOPEN)/;

type NewCommit = Omit<Commit, "nowMs">;

interface KeeperOptions {
  log: WorkflowsLog;
  /** What is durable now. */
  onKept: (commit: NewCommit) => void;
  check: HealthCheck;
  context: Pick<ServiceContext, "clock" | "logger">;
}

/** Commits, again and again where the file cannot be written. */
export class Keeper {
  readonly #options: KeeperOptions;
  #waiting: { commit: NewCommit; kept: (refused: EndedAction[]) => void } | null = null;
  #notBeforeMs = 0;
  /** Why nothing can be written now; `null` where it can. */
  problem: string | null = null;

  constructor(options: KeeperOptions) {
    this.#options = options;
    options.check.pass();
  }

  /** Commits; `kept` is called when that is done, which may be later. Only after that there may be another one. */
  keep(commit: NewCommit, kept: (refused: EndedAction[]) => void): void {
    this.#waiting = { commit, kept };
    this.#notBeforeMs = Number.NEGATIVE_INFINITY;
    this.keepAgain();
  }

  /** Tries again what could not be committed. @returns whether nothing waits any more. @throws what does not pass by itself. */
  keepAgain(): boolean {
    const { log, check, onKept, context } = this.#options;
    const waiting = this.#waiting;
    if (waiting === null) return true;
    if (context.clock.monotonic() < this.#notBeforeMs) return false;
    let refused: EndedAction[];
    try {
      refused = log.commit({ ...waiting.commit, nowMs: context.clock.now() });
    } catch (error) {
      if (!PASSING.test(errorCode(error) ?? "")) throw error;
      this.#notBeforeMs = context.clock.monotonic() + RETRY_MS;
      if (this.problem === null) {
        const remedy = "Free the disk, or end the program that has locked it.";
        context.logger.error({ err: error, remedy }, "runs cannot be written: workflows wait");
      }
      this.problem = `runs cannot be written: ${errorMessage(error)}`;
      check.fail(this.problem);
      return false;
    }
    this.#waiting = null;
    if (this.problem !== null) {
      context.logger.info("runs are written again");
      this.problem = null;
      check.pass();
    }
    waiting.kept(refused);
    onKept(waiting.commit);
    return true;
  }
}
