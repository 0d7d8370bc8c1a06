import type { Effect, Outcome } from "@weir/flows";
import { pause } from "@weir/mqtt";
import { type Clock, errorMessage, type Logger } from "@weir/runtime";
import {
  type ActionEnd,
  type ActionLog,
  isPassing,
  type OnEnd,
  type WaitingAction,
} from "./action-log.ts";
import {
  failed,
  type Performer,
  type Performers,
  type RetryLater,
  uncertain,
} from "./performer.ts";

/** Actions of each kind that are under way at once. A command waits for its device, and that costs nothing. */
const AT_ONCE: Readonly<Record<Effect["kind"], number>> = {
  email: 2,
  webhook: 8,
  ntfy: 4,
  publish: 16,
  command: 500,
  history: 2,
};
// The keys of the table are the kinds.
const KINDS = Object.keys(AT_ONCE) as Effect["kind"][];

/** Attempts of one action, and the wait between them: it doubles. */
const ATTEMPTS_MAX = 50;
const BACKOFF = { baseMs: 5_000, capMs: 600_000 };

/** How soon what the log has refused is tried again. */
const REFUSED_MS = 1_000;
/** How long a stop waits for what is under way. */
const STOP_MS = 1_000;
/** How often to look for actions at least: the clock may be set. */
const LOOK_MS_MAX = 60_000;

const INTERRUPTED = "Weir was stopped meanwhile";

export interface ActionsOptions {
  log: ActionLog;
  performers: Performers;
  /** Whether actions of a kind can be tried now; those of the others wait. When that changes, `wake` is called. Default all. */
  isReachable?: (kind: Effect["kind"]) => boolean;
  onEnd: OnEnd;
  clock: Clock;
  logger: Pick<Logger, "info" | "warn">;
  /** The log failed: the service cannot go on. */
  fail: (fault: unknown) => void;
  /** A number in [0, 1) for the jitter of the wait. Default Math.random. */
  random?: () => number;
}

/** Performs the actions of the outbox: in order, a few of each kind at once, again where that may help, in time or not at all. */
export class Actions implements AsyncDisposable {
  readonly #options: ActionsOptions;
  readonly #underWay = new Map<Effect["kind"], number>();
  readonly #running = new Set<Promise<void>>();
  /** Aborts when a stop begins, and when it has waited long enough. */
  readonly #stopping = new AbortController();
  readonly #leaving = new AbortController();
  #next: Disposable | null = null;
  #hasStarted = false;
  #isSoon = false;

  constructor(options: ActionsOptions) {
    this.#options = options;
  }

  /** Takes up what an earlier process has left, and begins. */
  start(): void {
    const { log } = this.#options;
    for (const action of log.interrupted()) {
      const { effect, state, id } = action;
      const mayResend = effect.kind === "email" && effect.whenUncertain === "resend";
      if (state === "handed over" && !mayResend) this.#end(action, uncertain(INTERRUPTED));
      // It keeps its place: those behind it have waited for less long.
      else this.#putBack(id, INTERRUPTED, action.atMs);
    }
    this.#hasStarted = true;
    this.wake();
  }

  /** To be called after each commit that has added actions. Before the start it does nothing. */
  wake(): void {
    if (!this.#hasStarted || this.#stopping.signal.aborted) return;
    this.#next?.[Symbol.dispose]();
    this.#next = null;
    const { clock, fail } = this.#options;
    try {
      const delayMs = this.#beginDue(clock.now());
      if (delayMs !== null) this.#next = clock.schedule(delayMs, () => this.wake());
    } catch (error) {
      if (isPassing(error)) this.#next = clock.schedule(REFUSED_MS, () => this.wake());
      else fail(error);
    }
  }

  /** Ends within about a second. What has not ended by itself is left as it is in the log. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    this.#next?.[Symbol.dispose]();
    const ended = new AbortController();
    const ending = Promise.all(this.#running).then(() => ended.abort());
    await pause(this.#options.clock, STOP_MS, ended.signal);
    this.#leaving.abort();
    await ending;
  }

  /** Begins what is due and has room. @returns when to look again; `null` where nothing waits that has room. */
  #beginDue(nowMs: number): number | null {
    const { log, isReachable = () => true } = this.#options;
    const reachable = KINDS.filter(isReachable);
    const due = reachable.flatMap((kind) => log.due(kind, nowMs, this.#roomFor(kind)));
    // One commit for all of them.
    if (due.length > 0) log.begin(due.map(({ id }) => id));
    for (const action of due) this.#begin(action, nowMs);
    // Whoever makes room wakes. What was too late needs none: then there may be more at once.
    const nextMs = reachable
      .filter((kind) => this.#roomFor(kind) > 0)
      .map((kind) => log.nextDueMs(kind))
      .filter((timeMs) => timeMs !== null);
    if (nextMs.length === 0) return null;
    return Math.min(Math.max(0, Math.min(...nextMs) - nowMs), LOOK_MS_MAX);
  }

  #roomFor(kind: Effect["kind"]): number {
    return AT_ONCE[kind] - (this.#underWay.get(kind) ?? 0);
  }

  /** Looks once for all that has ended by then. */
  #soon(): void {
    if (this.#isSoon) return;
    this.#isSoon = true;
    setImmediate(() => {
      this.#isSoon = false;
      this.wake();
    });
  }

  #begin(action: WaitingAction, nowMs: number): void {
    const { fail } = this.#options;
    const { kind } = action.effect;
    if (nowMs > action.atMs + action.lateMs) {
      this.#end(
        action,
        failed(`it was too late for it: ${sinceWords(nowMs - action.atMs)}`),
        "expired",
      );
      return;
    }
    this.#underWay.set(kind, (this.#underWay.get(kind) ?? 0) + 1);
    const running = this.#perform(action)
      .catch(fail)
      .then(() => {
        this.#running.delete(running);
        this.#underWay.set(kind, (this.#underWay.get(kind) ?? 1) - 1);
        this.#soon();
      })
      .catch(fail);
    this.#running.add(running);
  }

  async #perform(action: WaitingAction): Promise<void> {
    const { log, performers } = this.#options;
    const { effect, id, key } = action;
    // The table has for each kind the one who takes its effects.
    const perform = performers[effect.kind] as Performer;
    // A command waits for its device: a stop does not.
    const { signal } = effect.kind === "command" ? this.#stopping : this.#leaving;
    const attempt = action.attempts + 1;
    let result: Outcome | RetryLater;
    try {
      result = await perform(effect, { key, attempt, signal, handOver: () => log.handOver(id) });
    } catch (error) {
      result = failed(errorMessage(error));
    }
    const isDone = "isDone" in result && result.isDone;
    // What a stop has cut short is neither done nor failed.
    if (signal.aborted && !isDone) return;
    if ("isDone" in result) this.#end(action, result);
    else this.#tryLater(action, attempt, result);
  }

  #tryLater(action: WaitingAction, attempt: number, { problem, retryInMs }: RetryLater): void {
    const { clock, logger, random = Math.random } = this.#options;
    const { id, flow, node, effect, atMs, lateMs } = action;
    const usualMs = Math.min(BACKOFF.capMs, BACKOFF.baseMs * 2 ** (attempt - 1));
    const waitMs = Math.max(retryInMs ?? 0, Math.round(usualMs * (0.5 + random() / 2)));
    const notBeforeMs = clock.now() + waitMs;
    if (attempt >= ATTEMPTS_MAX || notBeforeMs > atMs + lateMs) {
      this.#end(action, failed(`${problem} (tried ${attempt} times)`));
      return;
    }
    logger.info({ flow, node, kind: effect.kind, attempt, waitMs }, `will try again: ${problem}`);
    this.#putBack(id, problem, notBeforeMs);
  }

  /** Until the log has taken it. A kill meanwhile leaves it as it is, and so it is tried again, too. */
  #putBack(id: number, problem: string, notBeforeMs: number): void {
    const { log, clock, fail } = this.#options;
    if (this.#leaving.signal.aborted) return;
    try {
      log.retry(id, problem, notBeforeMs);
    } catch (error) {
      if (!isPassing(error)) {
        fail(error);
        return;
      }
      clock.schedule(REFUSED_MS, () => {
        this.#putBack(id, problem, notBeforeMs);
        this.wake();
      });
    }
  }

  #end(action: WaitingAction, outcome: Outcome, end: ActionEnd = endOf(outcome)): void {
    const { onEnd, logger } = this.#options;
    if (!outcome.isDone) {
      const { flow, node, effect } = action;
      logger.warn({ flow, node, kind: effect.kind, end }, outcome.problem);
    }
    onEnd(action, outcome, end);
  }
}

function endOf(outcome: Outcome): ActionEnd {
  if (outcome.isDone) return "done";
  return outcome.isUncertain ? "uncertain" : "failed";
}

function sinceWords(agoMs: number): string {
  const minutes = Math.round(agoMs / 60_000);
  return `its time was ${minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`} ago`;
}
