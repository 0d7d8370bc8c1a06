// `node tools/pinned-node.mjs [options of Node] <program> …`: installs what is missing, then runs a program of
// this repository under the pinned Node. Plain JavaScript for any Node.
import { bootstrap } from "./install.mjs";

await bootstrap(process.argv.slice(2));
