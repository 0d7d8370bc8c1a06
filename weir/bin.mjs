#!/usr/bin/env node
// `weir …` in a clone: installs what is missing, then runs the command line under the right Node. Plain
// JavaScript for any Node.
import { bootstrap } from "../tools/install.mjs";

await bootstrap(["weir/src/main.ts", ...process.argv.slice(2)]);
