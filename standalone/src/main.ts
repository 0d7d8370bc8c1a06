import { EXIT_CODES, Fault, loadEnvironment, print, systemClock } from "@weir/runtime";
import { parseCommandLine, readStandaloneConfig, renderUsage } from "./config.ts";
import { runSuite } from "./suite.ts";

async function run(): Promise<number> {
  const { help, isVerbose, environment } = parseCommandLine(process.argv.slice(2));
  if (help) {
    print(renderUsage());
    return EXIT_CODES.ok;
  }
  const config = readStandaloneConfig({ ...loadEnvironment(), ...environment });
  return await runSuite({ config, isVerbose, clock: systemClock });
}

try {
  process.exitCode = await run();
} catch (error) {
  if (!(error instanceof Fault)) throw error;
  print(`weir: ${error.message}\n${error.remedy}\n`, { to: process.stderr });
  process.exitCode = error.exitCode;
}
process.exit();
