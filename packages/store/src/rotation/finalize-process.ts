// The process that the finalizer starts for each segment: node finalize-process.ts <segment>
import { constants, setPriority } from "node:os";
import { EXIT_CODES, errorMessage, print } from "@weir/runtime";
import { finishSegment } from "./segment-finalizer.ts";

const [file = ""] = process.argv.slice(2);

// Storing messages comes first.
setPriority(constants.priority.PRIORITY_LOW);
// A signal to the whole group is for the logger, which ends this process when it ends itself.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => {});

try {
  process.exitCode = finishSegment(file) === "in use" ? EXIT_CODES.tryLater : EXIT_CODES.ok;
} catch (error) {
  print(errorMessage(error), { to: process.stderr });
  process.exitCode = EXIT_CODES.fault;
}
