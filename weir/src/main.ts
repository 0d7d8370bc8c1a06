import {
  EXIT_CODES,
  errorCode,
  listenForStopRequest,
  loadEnvironment,
  systemClock,
} from "@weir/runtime";
import { runWeir } from "./weir.ts";

// Not at the start: the services that `agent` and `print` run listen to signals themselves.
let stopping: AbortController | null = null;

function stopSignal(): AbortSignal {
  if (stopping === null) {
    const controller = new AbortController();
    void listenForStopRequest().then((reason) => controller.abort(reason));
    stopping = controller;
  }
  return stopping.signal;
}

process.stdout.on("error", (error) => {
  // The reader has had enough: head(1), or a pager that was left.
  if (errorCode(error) === "EPIPE") process.exit(EXIT_CODES.ok);
  throw error;
});
process.exitCode = await runWeir(process.argv.slice(2), {
  // Read by the command, which reports what is wrong in .env.
  get environment() {
    return loadEnvironment();
  },
  clock: systemClock,
  out: process.stdout,
  err: process.stderr,
  stopSignal,
});
