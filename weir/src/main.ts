import { listenForStopRequest, loadEnvironment, systemClock } from "@weir/runtime";
import { runWeir } from "./weir.ts";

// The services that `agent` and `print` run listen to signals themselves, so nobody does before a command asks.
let stopping: AbortController | null = null;

function stopSignal(): AbortSignal {
  if (stopping === null) {
    const controller = new AbortController();
    void listenForStopRequest().then(({ reason }) => controller.abort(reason));
    stopping = controller;
  }
  return stopping.signal;
}

process.exitCode = await runWeir(process.argv.slice(2), {
  environment: loadEnvironment(),
  clock: systemClock,
  out: process.stdout,
  err: process.stderr,
  stopSignal,
});
