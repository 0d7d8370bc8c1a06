export { type Given, parseArguments } from "./arguments.ts";
export { parseBrokerOption } from "./broker-option.ts";
export { optionFault } from "./option-fault.ts";
export { exitCodeOf, runCommand } from "./run-command.ts";
