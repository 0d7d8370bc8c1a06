import { type Clock, loadEnvironment, systemClock } from "@weir/runtime";
import { parseCommandLine, readStandaloneConfig } from "../src/config.ts";
import { runSuite, STOP_STAGES } from "../src/suite.ts";

// The suite as src/main.ts runs it, on a machine with other work: a part that stops slowly is not killed.

const PATIENCE = 10;
const limitsMs = new Set(STOP_STAGES.map(({ timeoutMs }) => timeoutMs));
const clock: Clock = {
  ...systemClock,
  schedule: (delayMs, task) =>
    systemClock.schedule(limitsMs.has(delayMs) ? PATIENCE * delayMs : delayMs, task),
};

const { isVerbose, environment } = parseCommandLine(process.argv.slice(2));
const config = readStandaloneConfig({ ...loadEnvironment(), ...environment });
process.exit(await runSuite({ config, isVerbose, clock }));
