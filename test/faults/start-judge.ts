import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** The journal set beside the rows. Neither ledger nor receipts are asked. */
export interface Count {
  /** Accepted by the outbox, by the journal. */
  created: number;
  /** Different messages that are stored. */
  stored: number;
  /** Accepted and not stored. */
  lost: number;
  /** Stored more than once in one store: the surplus rows. */
  duplicate: number;
  /** Stored, though nobody ever sent it. */
  invented: number;
}

/** The files of one store: one, or its segments. */
export type StoreFiles = readonly string[];

/** Where everything is that is judged once all is over. */
export interface Evidence {
  journal: string;
  outbox: string;
  /** The store; several if it was put aside, all of which count. */
  stores: readonly StoreFiles[];
  /** The files of them that must be whole. Default all. */
  wholeFiles?: readonly string[];
}

/** What the judge can be asked, with what it answers. */
export interface Questions {
  /** The id of the newest row; 0 while there is none, or the file is damaged. */
  newestId: (file: string) => number;
  /** How many messages wait in an outbox. */
  waiting: (outbox: string) => number;
  /** `ok`, or what SQLite finds wrong in a file. */
  integrity: (file: string) => string;
  /** Brings a store's write-ahead log into its file. */
  foldLog: (file: string) => null;
  /** What the files say. No other process has them open any more. */
  judge: (evidence: Evidence) => { count: Count; problems: string[] };
}

/**
 * Reads SQLite files for the harness, in a process of its own. POSIX locks belong to a process: a second
 * SQLite library in it does not see the locks of the first, and whoever closes a file drops all locks that
 * the process has on it. The harness runs a logger and an outbox itself, so it opens no file to count.
 */
export type Judge = AsyncDisposable & {
  [Name in keyof Questions]: (
    ...given: Parameters<Questions[Name]>
  ) => Promise<ReturnType<Questions[Name]>>;
};

/** One question, as it goes to the judge's process. */
export interface Question {
  id: number;
  name: keyof Questions;
  given: unknown;
}

/** Its answer; `problem` is why there is none. */
export interface Answer {
  id: number;
  value?: unknown;
  problem?: string;
}

const MAIN = fileURLToPath(new URL("./judge.ts", import.meta.url));

export function startJudge(): Judge {
  const child = fork(MAIN);
  const ended = once(child, "exit");
  const open = new Map<number, PromiseWithResolvers<unknown>>();
  let questions = 0;
  child.on("message", ({ id, value, problem }: Answer) => {
    const asked = open.get(id);
    open.delete(id);
    if (problem === undefined) asked?.resolve(value);
    else asked?.reject(new Error(problem));
  });
  child.once("exit", (code, signal) => {
    for (const asked of open.values()) {
      asked.reject(new Error(`the judge ended with ${code ?? signal}`));
    }
    open.clear();
  });

  function ask(name: keyof Questions): (given: unknown) => Promise<never> {
    return async (given) => {
      const asked = Promise.withResolvers<unknown>();
      questions += 1;
      open.set(questions, asked);
      child.send({ id: questions, name, given } satisfies Question);
      // Both ends have the same table of questions.
      return (await asked.promise) as never;
    };
  }

  return {
    newestId: ask("newestId"),
    waiting: ask("waiting"),
    integrity: ask("integrity"),
    foldLog: ask("foldLog"),
    judge: ask("judge"),
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
