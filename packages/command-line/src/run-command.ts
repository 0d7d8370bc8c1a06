import { constants } from "node:os";
import { EXIT_CODES, errorMessage, Fault, print } from "@weir/fault";

/** The life of a command: its exit code is what `run` returns, or that of the fault it ends with. */
export async function runCommand(name: string, run: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await run();
  } catch (error) {
    const remedy = error instanceof Fault ? `\n${error.remedy}` : "";
    print(`${name}: ${errorMessage(error)}${remedy}\n`, { to: process.stderr });
    process.exitCode = error instanceof Fault ? error.exitCode : EXIT_CODES.fault;
  }
}

/** The exit code of a command that a signal has ended early, as shells have it. */
export function exitCodeOf(reason: string): number {
  const number = (constants.signals as Record<string, number | undefined>)[reason];
  return number === undefined ? EXIT_CODES.fault : 128 + number;
}
