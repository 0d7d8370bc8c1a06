import type { Engine, HeardConnection, HeardSystem, Outcome } from "@weir/flows";
import type { Alert } from "@weir/flows/contract";
import { errorMessage, RequestFault, type ServiceContext, watchSteadiness } from "@weir/runtime";
import type { ActionEnd, WaitingAction } from "../actions/action-log.ts";
import type { AlertDecision } from "../log/alerts.ts";
import type { RunningSet } from "../log/kept.ts";
import type { EndedAction } from "../log/outbox.ts";
import type { WorkflowsLog } from "../log/workflows-log.ts";
import type { Feed } from "./feed.ts";
import type { Keeper } from "./keeper.ts";

/** So often it looks for rows: those that come together cost less each. */
const LOOK_EVERY_MS = 200;
/** So long one round works at most before requests are answered. */
const ROUND_MS_MAX = 30;
/** What the logger receives before this is committed by now, as a rule. */
const COMMITTING_MS = 250;
/** Runs that nothing is to be done for wait so long, and states and positions longer: rows are read again. */
const RUNS_COMMIT_MS = 250;
const STATES_COMMIT_MS = 5_000;
/** Rows that nodes have heard between two commits. */
const ROWS_PER_COMMIT_MAX = 20_000;
const TIDY_EVERY_MS = 60_000;
/** So far behind, a button would be pressed in the past. */
const BEHIND_MS_MAX = 60_000;

/** What people do waits for its commit. */
interface Asked {
  apply: () => void;
  done: () => void;
  refuse: (fault: unknown) => void;
}

interface LoopOptions {
  engine: Engine;
  feed: Feed;
  log: WorkflowsLog;
  keeper: Keeper;
  context: Pick<ServiceContext, "clock" | "logger" | "fail">;
}

/**
 * Gives the engine what happens, in order, and commits what has changed. Whatever does not come from stored rows is
 * committed at once; the rest may wait, since after a kill the rows are read again.
 */
export class Loop implements AsyncDisposable {
  readonly #options: LoopOptions;
  readonly #timer: Disposable;
  readonly #steadiness: ReturnType<typeof watchSteadiness>;
  #asked: Asked[] = [];
  /** Applied, and not committed. */
  #applied: Asked[] = [];
  #ended: EndedAction[] = [];
  #decisions: AlertDecision[] = [];
  #resumed: string[] = [];
  #running: RunningSet | null = null;
  #isUrgent = false;
  #isAgain = false;
  #isClosed = false;
  #committedMs: number;
  #tidiedMs: number;

  constructor(options: LoopOptions) {
    this.#options = options;
    const { clock } = options.context;
    this.#committedMs = clock.monotonic();
    this.#tidiedMs = clock.monotonic();
    this.#steadiness = watchSteadiness(clock);
    this.#timer = clock.repeat(LOOK_EVERY_MS, () => this.#round());
  }

  /** How far the engine's time is behind the clock, in milliseconds. */
  lagMs(): number {
    const { feed, context } = this.#options;
    const freshMs = feed.freshMs();
    return freshMs === null ? 0 : Math.max(0, context.clock.now() - freshMs);
  }

  /** Presses a button. @returns the id of the run; `null` where there is no such button. @throws RequestFault while it cannot be. */
  async press(request: Parameters<Engine["press"]>[0]): Promise<number | null> {
    if (this.lagMs() > BEHIND_MS_MAX) {
      throw refused(
        "stored messages of the past are being taken up",
        "Press it again in a minute.",
      );
    }
    const { engine } = this.#options;
    let run: number | null = null;
    await this.#ask(() => {
      run = engine.press(request, engine.nowMs);
    });
    return run;
  }

  /** Acknowledges or clears an alert. @returns as it is then; `null` for one that there is not. @throws RequestFault while it cannot be. */
  async decide({ id, state, by }: AlertDecision): Promise<Alert | null> {
    const { log, engine } = this.#options;
    const found = log.alerts.find(id);
    if (found === null || found.state === "cleared" || found.state === state) return found;
    await this.#ask(() => {
      this.#decisions.push({ id, state, by });
      const { flow, node, key, severity, title } = found;
      engine.take(
        { kind: "alerts", alert: { flow, node, key, severity, title, state } },
        engine.nowMs,
      );
    });
    return log.alerts.find(id);
  }

  /** Lets a workflow run again that was stopped. @throws RequestFault while it cannot be. */
  resume(flow: string): Promise<void> {
    return this.#ask(() => {
      this.#options.engine.resume(flow);
      this.#resumed.push(flow);
    });
  }

  /** Takes what is not stored as rows. */
  take(heard: HeardConnection | HeardSystem): void {
    this.#options.engine.take(heard, this.#nowMs());
    this.#isUrgent ||= this.#options.engine.pending !== "nothing";
  }

  /** What became of an action. */
  end(action: WaitingAction, outcome: Outcome, end: ActionEnd): void {
    this.#ended.push({ action, outcome, end });
    this.#options.engine.settle(action, outcome, this.#nowMs());
    this.#isUrgent = true;
    this.#soon();
  }

  /** Other workflows run from now on; they are with the engine already. */
  run(running: RunningSet): void {
    this.#running = running;
    this.#isUrgent = true;
    for (const { id, flow, node } of this.#options.log.alerts.allOpen()) {
      const raising = this.#options.engine.flows.get(flow)?.nodes.get(node);
      const isThere = raising?.type.type === "alert";
      if (isThere || running.waiting.has(flow)) continue;
      this.#decisions.push({ id, state: "cleared", by: "the workflow was removed" });
    }
    this.#soon();
  }

  /** Commits what there is, and ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer[Symbol.dispose]();
    this.#isClosed = true;
    for (const { refuse } of this.#asked.splice(0)) {
      refuse(refused("the service ends", "Try it again in a moment."));
    }
    if (this.#options.keeper.keepAgain()) this.#commit();
  }

  #ask(apply: () => void): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { problem } = this.#options.keeper;
    if (this.#isClosed) reject(refused("the service ends", "Try it again in a moment."));
    else if (problem !== null)
      reject(refused(problem, "Free the disk, or end what has locked the file."));
    else this.#asked.push({ apply, done: resolve, refuse: reject });
    this.#soon();
    return promise;
  }

  /** The engine's time never lies behind what it has seen. */
  #nowMs(): number {
    const { engine } = this.#options;
    return Math.max(engine.nowMs, this.#watermarkMs());
  }

  #watermarkMs(): number {
    const { feed, context } = this.#options;
    const freshMs = feed.freshMs();
    return Math.floor(freshMs === null ? context.clock.now() : freshMs - COMMITTING_MS);
  }

  /** A round as soon as what happens now is over. */
  #soon(): void {
    if (this.#isAgain || this.#isClosed) return;
    this.#isAgain = true;
    setImmediate(() => {
      this.#isAgain = false;
      this.#round();
    });
  }

  #round(): void {
    if (this.#isClosed) return;
    try {
      // Nothing more is taken before what was taken is kept.
      if (!this.#options.keeper.keepAgain()) return;
      this.#followClock();
      const { engine, feed } = this.#options;
      const hasMore = feed.take(performance.now() + ROUND_MS_MAX);
      const watermarkMs = this.#watermarkMs();
      if (Number.isFinite(watermarkMs)) engine.advance(watermarkMs);
      for (const asked of this.#asked.splice(0)) {
        asked.apply();
        this.#applied.push(asked);
        this.#isUrgent = true;
      }
      if (this.#isDue()) this.#commit();
      this.#tidy();
      if (hasMore) this.#soon();
    } catch (error) {
      this.#options.context.fail(error);
    }
  }

  /** A clock that was set back must not stop what waits for a time. */
  #followClock(): void {
    const { engine, context } = this.#options;
    if (this.#steadiness.takeJumpMs() >= 0) return;
    engine.nowMs = Math.min(engine.nowMs, context.clock.now());
    context.logger.warn("the clock was set back: timers of workflows go by the new time");
  }

  #isDue(): boolean {
    if (this.#isUrgent) return true;
    const { engine, feed, context } = this.#options;
    const { pending } = engine;
    if (pending === "actions" || feed.rows >= ROWS_PER_COMMIT_MAX) return true;
    const sinceMs = context.clock.monotonic() - this.#committedMs;
    return sinceMs >= (pending === "runs" ? RUNS_COMMIT_MS : STATES_COMMIT_MS);
  }

  #commit(): void {
    const { engine, feed, keeper, context } = this.#options;
    this.#committedMs = context.clock.monotonic();
    this.#isUrgent = false;
    const positions = feed.moved();
    const applied = this.#applied.splice(0);
    if (
      positions.size === 0 &&
      applied.length + this.#ended.length + this.#resumed.length + this.#decisions.length === 0 &&
      engine.pending === "nothing" &&
      this.#running === null
    )
      return;
    const commit = {
      changes: engine.takeChanges(),
      positions,
      ended: this.#ended,
      decisions: this.#decisions,
      resumed: this.#resumed,
      running: this.#running,
      engineMs: engine.nowMs,
      nextRun: engine.nextRun,
    };
    this.#ended = [];
    this.#decisions = [];
    this.#resumed = [];
    this.#running = null;
    keeper.keep(commit, (refusedActions) => {
      for (const { done } of applied) done();
      for (const { action, outcome, end } of refusedActions) {
        this.#ended.push({ action, outcome, end });
        engine.settle(action, outcome, this.#nowMs());
        this.#isUrgent = true;
      }
    });
  }

  #tidy(): void {
    const { log, context } = this.#options;
    const nowMs = context.clock.monotonic();
    if (nowMs - this.#tidiedMs < TIDY_EVERY_MS) return;
    this.#tidiedMs = nowMs;
    try {
      log.tidy(context.clock.now());
    } catch (error) {
      context.logger.warn({ err: error }, `old runs were not removed: ${errorMessage(error)}`);
    }
  }
}

function refused(problem: string, remedy: string): RequestFault {
  return new RequestFault(503, [{ field: "request", value: null, problem, remedy }]);
}
