import { parseArgs } from "node:util";
import type { Environment } from "./environment.ts";
import { EXIT_CODES, errorMessage, Fault } from "./fault.ts";
import type { Option, ServiceDefinition } from "./service.ts";
import { renderHelp } from "./setting.ts";

/** Why a process must stop. */
export interface StopRequest {
  reason: string;
}

// One Ctrl-C may arrive twice: from the terminal and from a parent.
const SAME_SIGNAL_MS = 500;

/**
 * Listens for the request to stop: SIGINT, SIGTERM, SIGHUP (the terminal was closed), or the end of a
 * parent that holds an IPC channel to this process. A second signal ends the process at once, with
 * 128 + the signal's number.
 *
 * @param onHangup returns true when it has handled SIGHUP; then that is no request to stop.
 */
export function listenForStopRequest(onHangup: () => boolean = () => false): Promise<StopRequest> {
  const { promise, resolve } = Promise.withResolvers<StopRequest>();
  let firstAtMs: number | null = null;
  const onSignal = (signal: NodeJS.Signals, number: number): void => {
    if (firstAtMs === null) {
      firstAtMs = performance.now();
      resolve({ reason: signal });
    } else if (performance.now() - firstAtMs > SAME_SIGNAL_MS) {
      process.exit(128 + number);
    }
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  const onHangupSignal = (signal: NodeJS.Signals, number: number): void => {
    if (!onHangup()) onSignal(signal, number);
  };
  process.on("SIGHUP", onHangupSignal);

  const onDisconnect = (): void => resolve({ reason: "the parent process has ended" });
  process.on("disconnect", onDisconnect);
  // Listening must not keep the process alive.
  process.channel?.unref();
  // It may have ended while the modules of this process were still loading.
  if (process.send !== undefined && !process.connected) onDisconnect();
  return promise;
}

type Described = Pick<
  ServiceDefinition<never>,
  "name" | "summary" | "settings" | "options" | "details"
>;

/**
 * The command line of a service: the variables that its options stand for.
 *
 * @throws Fault for an unknown option, or a value that an option refuses.
 */
export function parseCommandLine(
  { name, options = {} }: Described,
  argv: readonly string[],
): { help: boolean; environment: Environment } {
  const known = Object.keys(options).map((option) => [option, { type: "string" }] as const);
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { ...Object.fromEntries(known), help: { type: "boolean" } },
    });
    const { help, ...given } = values;
    const environment: Record<string, string> = {};
    for (const [option, value] of Object.entries(given)) {
      const { variable, problem } = described(options[option] ?? option);
      // All of them but --help are texts.
      const text = String(value);
      const words = problem(text);
      if (words !== null) throw new Error(`--${option}: ${words}`);
      environment[variable] = text;
    }
    return { help: help === true, environment };
  } catch (cause) {
    throw new Fault(errorMessage(cause), {
      remedy: `See ${name} --help.`,
      exitCode: EXIT_CODES.configuration,
      cause,
    });
  }
}

function described(option: Option | string): Option {
  return typeof option === "object" ? option : { variable: option, problem: () => null };
}

/** The text of `--help`. */
export function renderUsage({ name, summary, settings, options = {}, details }: Described): string {
  const lines = Object.entries(options).map(
    ([option, given]) => `  --${option} …  sets ${described(given).variable}`,
  );
  const usage = ["  --help", ...lines].join("\n");
  const more = details === undefined ? "" : `\n${details}\n`;
  return `${name}: ${summary}\n\nOptions:\n${usage}\n\nSettings:\n${renderHelp(settings)}\n${more}`;
}

/**
 * The arguments of Node for a service. V8 lets the space of new objects grow to 32 MB before it collects
 * it; a quarter of that is as fast here and uses less memory.
 */
export const NODE_ARGUMENTS: readonly string[] = ["--max-semi-space-size=8"];

/**
 * The environment for the same. glibc gives threads up to eight heaps for each core; two for all threads are
 * as fast here and use some megabytes less.
 */
export const NODE_ENVIRONMENT: Readonly<Record<string, string>> = { MALLOC_ARENA_MAX: "2" };
