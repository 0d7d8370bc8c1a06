import { closeSync, openSync } from "node:fs";

/**
 * Tells the two meanings of SIGHUP apart: the terminal of the suite was closed, or a user sent it, who wants
 * the configuration read again. Call it at the start, while the terminal is there.
 *
 * @returns whether the terminal was closed; never without one, always on Windows, which knows no other meaning.
 */
export function watchTerminal(): () => boolean {
  const isWindows = process.platform === "win32";
  const hadTerminal = hasTerminal();
  return () => isWindows || (hadTerminal && !hasTerminal());
}

/** After its terminal was closed, a process has no controlling terminal. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}
