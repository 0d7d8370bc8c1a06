// Plain JavaScript for any Node from 14.13 on, because it runs before the pinned Node is there.
import { spawn } from "node:child_process";

const PARENT_POLL_MS = 250;
const FORWARDED_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];
const SIGNAL_CODES = { SIGHUP: 129, SIGINT: 130, SIGKILL: 137, SIGTERM: 143 };

/**
 * Runs a program to its end, passes signals on to it, and ends it when npm, which started this process, has
 * ended without a signal (kill -9, or a closed terminal).
 *
 * @param {string} command
 * @param {string[]} args
 * @param {import("node:child_process").SpawnOptions} options
 * @returns {Promise<{ code: number, output: string, interruptedWith: number | null }>} its exit code (127
 * when it cannot be started), what it wrote to streams that are pipes, and the exit code that stands
 * for the signal that it or this process received meanwhile.
 */
export function run(command, args, options) {
  return new Promise((resolve) => {
    const child = spawn(command, args, options);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) stream.on("data", (chunk) => (output += chunk));
    }
    let interruptedWith = null;
    const forward = (signal) => {
      interruptedWith = SIGNAL_CODES[signal];
      child.kill(signal);
    };
    for (const signal of FORWARDED_SIGNALS) process.on(signal, forward);

    const parent = process.ppid;
    const watch = setInterval(() => {
      if (!process.env.npm_lifecycle_event || process.ppid === parent) return;
      clearInterval(watch);
      forward("SIGTERM");
    }, PARENT_POLL_MS);

    const end = (code, text) => {
      clearInterval(watch);
      for (const signal of FORWARDED_SIGNALS) process.removeListener(signal, forward);
      resolve({ code, output: output + text, interruptedWith });
    };
    child.once("error", (error) => end(127, error.message));
    child.once("close", (code, signal) => {
      // Ctrl-C reaches it without us; a crash (SIGSEGV, or the kernel out of memory) is a failure.
      if (FORWARDED_SIGNALS.includes(signal)) interruptedWith = SIGNAL_CODES[signal];
      end(code === null ? SIGNAL_CODES[signal] || 1 : code, "");
    });
  });
}
