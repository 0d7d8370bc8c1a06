import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** The result of comparing the journal with the rows. Neither ledger nor receipts are used for it. */
export interface Counts {
  /** Accepted by the outbox, by the journal. */
  created: number;
  /** Different messages that are stored. */
  stored: number;
  /** Accepted and not stored. */
  lost: number;
  /** Stored more than once in one store: the surplus rows. */
  duplicate: number;
  /** Stored and never sent. */
  invented: number;
}

/** The files of one store: one, or its segments. */
export type StoreFiles = readonly string[];

/** The files of a run that has ended. */
export interface Evidence {
  journal: string;
  outbox: string;
  /** The store; several if it was put aside, all of which count. */
  stores: readonly StoreFiles[];
  /** The files of them that must be whole. Default all. */
  wholeFiles?: readonly string[];
}

/** The verifier's answer to each question. */
export interface Questions {
  /** The id of the newest row; 0 while there is none, or the file is damaged. */
  newestId: (file: string) => number;
  /** How many messages wait in an outbox. */
  waiting: (outbox: string) => number;
  /** `ok`, or what SQLite finds wrong in a file. */
  integrity: (file: string) => string;
  /** The numbers of all messages in files of a store, segments and archives. */
  numbers: (files: StoreFiles) => number[];
  /** The files of points that an index has, relative to the folder of the history. */
  filesOfPoints: (indexFile: string) => string[];
  /** Brings a store's write-ahead log into its file. */
  foldLog: (file: string) => null;
  /** Compares the files with each other. No other process may have them open. */
  verify: (evidence: Evidence) => { counts: Counts; problems: string[] };
}

/**
 * Reads SQLite files for the harness, in a separate process. POSIX locks belong to a process: a second
 * SQLite library in it does not see the locks of the first, and closing a file drops all locks that the
 * process has on it. The harness runs a logger and an outbox itself, so it opens none of their files.
 */
export type Verifier = AsyncDisposable & {
  [Name in keyof Questions]: (
    ...given: Parameters<Questions[Name]>
  ) => Promise<ReturnType<Questions[Name]>>;
};

/** One question, as it goes to the verifier's process. */
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

const MAIN = fileURLToPath(new URL("./verifier-process.ts", import.meta.url));

export function startVerifier(): Verifier {
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
      asked.reject(new Error(`the verifier ended with ${code ?? signal}`));
    }
    open.clear();
  });

  function ask(name: keyof Questions): (given: unknown) => Promise<never> {
    return async (given) => {
      const asked = Promise.withResolvers<unknown>();
      questions += 1;
      open.set(questions, asked);
      child.send({ id: questions, name, given } satisfies Question);
      // Both processes use the same table of questions.
      return (await asked.promise) as never;
    };
  }

  return {
    newestId: ask("newestId"),
    waiting: ask("waiting"),
    numbers: ask("numbers"),
    filesOfPoints: ask("filesOfPoints"),
    integrity: ask("integrity"),
    foldLog: ask("foldLog"),
    verify: ask("verify"),
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
