import { print, runService } from "@weir/runtime";
import { readStatsPrinterConfig, statsPrinterSettings } from "./config.ts";
import { startStatsPrinter } from "./stats-printer.ts";

// Whoever read the table has left (npm run print | head, a closed terminal): there is no more to do.
process.stdout.once("error", () => process.exit(0));

await runService({
  name: "stats-printer",
  summary: "prints the statistics as a table.",
  settings: statsPrinterSettings,
  options: { format: "STATS_PRINTER_FORMAT", "http-port": "STATS_PRINTER_HTTP_PORT" },
  readConfig: readStatsPrinterConfig,
  start: (config, context) =>
    startStatsPrinter(config, context, {
      isTerminal: process.stdout.isTTY === true,
      // Numbers and words of our own: what is read as statistics has no text from outside.
      write: ({ text, control = "" }) => print(text, { control }),
      // fg after Ctrl-Z sends it, and so does npm start after it has written to the terminal.
      onInterrupted: (listener) => process.on("SIGCONT", listener),
    }),
});
