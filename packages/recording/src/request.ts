import type { ParseArgsOptionsConfig } from "node:util";
import { type Given, parseArguments } from "@weir/command-line";
import type { Environment } from "@weir/config";
import { readSelection, SELECTION_OPTIONS, type Selected } from "./selection.ts";

/** What a command is asked for, beside a part of a stream. */
export interface RequestForm<Request extends Selected> {
  /** Its own options. */
  options: ParseArgsOptionsConfig;
  /** @throws Fault naming the option that is wrong. */
  read: (given: Given, context: { selected: Selected; environment: Environment }) => Request;
}

/**
 * Reads the command line of a command that takes a part of a stream.
 *
 * @throws Fault naming the option that is wrong, or ConfigurationFault for the streams themselves.
 */
export function readRequest<Request extends Selected>(
  { options, read }: RequestForm<Request>,
  argv: readonly string[],
  { environment, nowUs }: { environment: Environment; nowUs: number },
): Request | "help" {
  const given = parseArguments(argv, { ...SELECTION_OPTIONS, ...options });
  if (given.has("help")) return "help";
  return read(given, { selected: readSelection(given, environment, nowUs), environment });
}
