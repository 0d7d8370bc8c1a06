import { type ProcessConfig, renderHelp, runService, type ServiceDefinition } from "@weir/runtime";
import { action, type CommandModule, examples } from "./command-line.ts";

/**
 * A command that runs a service in this process, with the service's own options.
 *
 * @param defaults values of options that the command line does not give.
 */
export function serviceCommand<C extends { process: ProcessConfig }>(
  definition: ServiceDefinition<C>,
  lines: readonly string[],
  defaults: Readonly<Record<string, string>> = {},
): CommandModule {
  const { options = {}, settings, details = "" } = definition;
  return {
    define: (command) => {
      for (const [option, given] of Object.entries(options)) {
        const variable = typeof given === "string" ? given : given.variable;
        command.option(`--${option} <value>`, `sets ${variable}`);
      }
      examples(command, lines, `Settings:\n${renderHelp(settings)}\n\n${details}`);
      action(command, async (given) => {
        const argv = Object.keys(options).flatMap((option) => {
          const value = given.text(option) ?? defaults[option];
          return value === undefined ? [] : [`--${option}=${value}`];
        });
        return await runService(definition, argv);
      });
    },
  };
}
