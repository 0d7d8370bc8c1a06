// `npm start`: installs what is missing, then runs the suite. Plain JavaScript for any Node.
import { bootstrap } from "./install.mjs";

await bootstrap(["standalone/src/main.ts", ...process.argv.slice(2)]);
