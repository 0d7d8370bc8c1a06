import { loadEnvironment, type ProcessConfig } from "@weir/config";
import { Fault } from "@weir/fault";
import { parseCommandLine } from "./command-line.ts";
import type { ServiceDefinition } from "./service.ts";

/** The configuration as the command line, the environment and the files have it now. */
export function configure<C extends { process: ProcessConfig }>(
  definition: ServiceDefinition<C>,
): C | Fault | "help" {
  try {
    const { help, environment } = parseCommandLine(definition, process.argv.slice(2));
    return help ? "help" : definition.readConfig({ ...loadEnvironment(), ...environment });
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}
