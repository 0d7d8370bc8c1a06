/** Exit codes, after sysexits(3) where it has a fitting one. */
export const EXIT_CODES = {
  ok: 0,
  fault: 1,
  /** Something that is needed is missing: an unreachable broker, a taken port. */
  unavailable: 69,
  /** A file or folder cannot be created or written. */
  cannotCreate: 73,
  /** Another program holds what is needed; it may work later. */
  tryLater: 75,
  /** The configuration is wrong; trying again without changing it is useless. */
  configuration: 78,
} as const;

/** An error for an operator: what happened, and what to do about it. */
export class Fault extends Error {
  /** What the operator can do about it: a sentence. */
  readonly remedy: string;
  /** The exit code of a process that ends because of it. */
  readonly exitCode: number;

  constructor(
    message: string,
    {
      remedy,
      exitCode = EXIT_CODES.fault,
      cause,
    }: { remedy: string; exitCode?: number; cause?: unknown },
  ) {
    super(message, cause === undefined ? {} : { cause });
    this.name = "Fault";
    this.remedy = remedy;
    this.exitCode = exitCode;
  }
}

/** All problems of a configuration. */
export class ConfigurationFault extends Fault {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the configuration has ${problems.length} problem(s):\n  ${problems.join("\n  ")}`, {
      remedy:
        "Fix them in the environment, in .env or in the file that is named; .env.example and config/*.example.yaml describe every setting.",
      exitCode: EXIT_CODES.configuration,
    });
    this.problems = problems;
  }
}

/** The `code` of a system or SQLite error (`"EADDRINUSE"`, `"SQLITE_BUSY"`), `null` where there is none. */
export function errorCode(error: unknown): string | null {
  const hasCode = typeof error === "object" && error !== null && "code" in error;
  return hasCode && typeof error.code === "string" ? error.code : null;
}

/**
 * Why something could not be read; where this user has no right to it, with the command that gives it.
 *
 * @param folder that all users may read.
 */
export function readingProblem(error: unknown, folder: string): string {
  const words = errorMessage(error);
  if (errorCode(error) !== "EACCES") return words;
  return `${words}; user ${process.getuid?.()} has no right to it: chmod -R a+rX ${folder}`;
}

/** The message of whatever was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
