import { EXIT_CODES, Fault } from "@weir/fault";

/** What is wrong with an option of a command: its name, its value and what is allowed. */
export function optionFault(option: string, value: string, allowed: string): Fault {
  return new Fault(`--${option}: ${JSON.stringify(value)} is not allowed`, {
    remedy: `It must be ${allowed}. See --help.`,
    exitCode: EXIT_CODES.configuration,
  });
}
