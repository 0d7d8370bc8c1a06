// `npm run command`: sends one command to a device, and shows what becomes of it.

import { systemClock } from "@weir/clock";
import { runCommand } from "@weir/command-line";
import { loadEnvironment } from "@weir/config";
import { print, printData } from "@weir/fault";
import { createLogger, listenForStopRequest } from "@weir/service";
import { runSendCommand } from "./run.ts";

const stopping = new AbortController();
void listenForStopRequest().then(({ reason }) => stopping.abort(reason));

await runCommand("command", () =>
  runSendCommand(process.argv.slice(2), {
    environment: loadEnvironment(),
    out: (text) => print(`${text}\n`),
    data: (text) => printData(`${text}\n`),
    err: (text) => print(`${text}\n`, { to: process.stderr }),
    signal: stopping.signal,
    clock: systemClock,
    // What goes wrong is told in the end; the log would tell it twice.
    logger: createLogger("command", { logLevel: "fatal", logFormat: "auto" }),
  }),
);
