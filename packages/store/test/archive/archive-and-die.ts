import { archiveSegment } from "../../src/rotation/archive-segment.ts";

const [file, stepToDieAt] = process.argv.slice(2);
if (file === undefined) throw new TypeError("it needs a segment");

archiveSegment(file, (step) => {
  if (step === stepToDieAt) process.kill(process.pid, "SIGKILL");
});
