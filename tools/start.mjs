// `npm start`: installs what is missing, builds the pages where they are not current, then runs the suite.
// Plain JavaScript for any Node.
import { bootstrap } from "./install.mjs";
import { ensurePages } from "./pages.mjs";

// The options are those of packages/runtime/src/process.ts.
await bootstrap(
  ["--max-semi-space-size=4", "--expose-gc", "standalone/src/main.ts", ...process.argv.slice(2)],
  { beforeRun: ensurePages },
);
