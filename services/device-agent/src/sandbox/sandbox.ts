/** What bounds the sandbox. */
export interface SandboxOptions {
  /** The one folder that commands write to; made where it is missing. A symbolic link is refused. */
  folder: string;
  /** Bytes of all its files together at most. */
  quotaBytes: number;
  /** Bytes that stay free on its disk. */
  reserveBytes: number;
}

/** A file that was allocated. */
export interface Allocated {
  name: string;
  bytes: number;
}

/** What was removed, and how much of what is called like its files was left alone because it is none of them. */
export interface Removed {
  files: number;
  bytes: number;
  leftAlone: number;
}

/** The folder in which a device makes files when it is told to, and removes its own ones. */
export interface Sandbox {
  /**
   * Makes one file of so many bytes, really written.
   *
   * @throws Refusal when it would break the quota or the reserve; then nothing is left behind.
   */
  allocate(bytes: number, signal: AbortSignal): Promise<Allocated>;
  /** Removes the files that it has made, and nothing else: neither links nor files of others. */
  removeAll(): Promise<Removed>;
  /** Everything that lies there, also what is of others: that is what the quota bounds. */
  usage(): Promise<{ files: number; bytes: number; quotaBytes: number }>;
}
