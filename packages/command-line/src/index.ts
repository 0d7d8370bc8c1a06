export { type Given, parseArguments } from "./arguments.ts";
export { readBroker } from "./broker-option.ts";
export { readDuration } from "./duration-option.ts";
export { grouped } from "./grouped.ts";
export { optionFault } from "./option-fault.ts";
export { exitCodeOf, runCommand } from "./run-command.ts";
