/** A program that takes in messages: Weir's logger or one of its peers. Each file of this folder is one. */
export interface Subject {
  name: string;
  /**
   * What is missing on this machine, and how to get it, in words for a user; `null` when it can run.
   * It may install what belongs to the benchmark alone.
   */
  obstacle(): string | null;
  /** Starts it; it connects and subscribes by itself. */
  start(order: Start): Promise<Running>;
}

/** What a subject is to take in. */
interface Start {
  port: number;
  /** What it subscribes to. */
  filter: string;
  qos: 0 | 1;
  /** Of each message; some peers can only be counted by what they write. */
  payloadBytes: number;
  /** An empty folder of its own, or one that a run before it has prepared. */
  folder: string;
}

/** A subject that runs. Disposing ends it. */
export interface Running extends AsyncDisposable {
  pid: number;
  /** Rejects when it ends before it is told to. */
  failed: Promise<never>;
  /** How many messages it has taken in so far: stored, where it stores. */
  counted(): number | Promise<number>;
  /** Does what it leaves to its end: some store only then. */
  finish?(): Promise<void>;
}
