import { runCommand } from "@weir/command-line";
import { runFleet } from "./run-fleet.ts";

await runCommand("fleet", () => runFleet(process.argv.slice(2)));
process.exit();
