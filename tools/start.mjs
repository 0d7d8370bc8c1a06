// `npm start`: installs what is missing, builds the pages where they are not current, then runs the suite.
// Plain JavaScript for any Node.
import { bootstrap } from "./install.mjs";
import { ensurePages } from "./pages.mjs";

await bootstrap(["standalone/src/main.ts", ...process.argv.slice(2)], { beforeRun: ensurePages });
