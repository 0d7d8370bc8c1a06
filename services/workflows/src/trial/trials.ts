import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Trial, TrialRequest } from "@weir/flows/contract";
import { type Logger, NODE_ARGUMENTS, NODE_ENVIRONMENT, RequestFault } from "@weir/runtime";
import type { StoredStream } from "@weir/streams";

/** What a trial reads. */
export interface StoredPast {
  streams: readonly StoredStream[];
  indexFile: string;
  /** How far ahead of reception an observation may lie, in microseconds. */
  skewUs: number;
  /** The first levels of the topics of Weir's devices. */
  devicePrefixes: readonly string[];
}

/** What the process of a trial is sent. */
export interface TrialTask extends StoredPast {
  request: TrialRequest;
  /** The text of the file that is saved; `null` where there is none. */
  savedText: string | null;
  tookMsMax: number;
}

/** What it answers. */
export type TrialAnswer = { trial: Trial } | { problems: readonly string[] } | { failure: string };

const PROGRAM = fileURLToPath(new URL("./trial-process.ts", import.meta.url));
/** It ends by itself with what it has found by then. */
const TOOK_MS_MAX = 60_000;
/** Then it is ended. */
const KILLED_AFTER_MS = TOOK_MS_MAX + 15_000;
const HEAP_MB_MAX = 384;

/** Tries workflows on what is stored, each in a process of its own: those that run do not wait for it. One at a time. */
export class Trials implements AsyncDisposable {
  readonly #past: () => StoredPast;
  readonly #logger: Logger;
  #running: ChildProcess | null = null;

  /** @param past what is stored, as it is configured now. */
  constructor(past: () => StoredPast, logger: Logger) {
    this.#past = past;
    this.#logger = logger;
  }

  /**
   * Tries a workflow of a text, beside the one that is saved.
   *
   * @param savedText of the file that is saved; `null` where there is none.
   * @param signal ends it.
   * @throws RequestFault: 400 for a text that is wrong, 429 while another one runs, 503 where it fails.
   */
  async try(request: TrialRequest, savedText: string | null, signal: AbortSignal): Promise<Trial> {
    if (request.fromMs >= request.toMs) {
      throw fault(400, "fromMs", "it is not before toMs", "Name a beginning before the end.");
    }
    if (this.#running !== null) {
      throw fault(429, "trial", "another one runs", "Try again when it has ended.");
    }
    const answer = await this.#answer(
      {
        ...this.#past(),
        request,
        savedText,
        tookMsMax: TOOK_MS_MAX,
      },
      signal,
    );
    if ("trial" in answer) return answer.trial;
    if ("failure" in answer) {
      throw fault(503, "trial", answer.failure, "Try a shorter time, or fewer series.");
    }
    const remedy = "Correct it, and try it again.";
    throw new RequestFault(
      400,
      answer.problems.map((problem) => ({ field: "text", value: null, problem, remedy })),
    );
  }

  async #answer(task: TrialTask, signal: AbortSignal): Promise<TrialAnswer> {
    const child = fork(PROGRAM, {
      execArgv: [...NODE_ARGUMENTS, `--max-old-space-size=${HEAP_MB_MAX}`],
      env: { ...process.env, ...NODE_ENVIRONMENT },
      // Times without an end are infinite, which JSON has not.
      serialization: "advanced",
    });
    this.#running = child;
    const kill = (): void => void child.kill("SIGKILL");
    const late = setTimeout(kill, KILLED_AFTER_MS);
    signal.addEventListener("abort", kill);
    if (signal.aborted) kill();
    let answer: TrialAnswer | null = null;
    // What cannot be sent to a process that has ended; its end is seen below.
    child.on("error", () => {});
    try {
      // A cast: the program sends exactly that.
      child.on("message", (sent) => {
        answer = sent as TrialAnswer;
      });
      child.send(task);
      const [code, killedBy] = await once(child, "close");
      if (answer !== null) return answer;
      if (!signal.aborted) this.#logger.warn({ code, signal: killedBy }, "a trial has failed");
      return { failure: "its process has ended: it took too long, or too much memory" };
    } catch (error) {
      this.#logger.warn({ err: error }, "a trial cannot be started");
      return { failure: "its process cannot be started" };
    } finally {
      clearTimeout(late);
      signal.removeEventListener("abort", kill);
      this.#running = null;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#running;
    if (child === null) return;
    child.kill("SIGKILL");
    await once(child, "close");
  }
}

function fault(status: number, field: string, problem: string, remedy: string): RequestFault {
  return new RequestFault(status, [{ field, value: null, problem, remedy }]);
}
