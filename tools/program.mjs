// `node tools/program.mjs <program> …`: installs what is missing, then runs a program of Weir's under the
// right Node, for commands that a fresh clone may be asked for. Plain JavaScript for any Node.
import { bootstrap } from "./install.mjs";

const [program] = process.argv.splice(2, 1);
await bootstrap(program);
