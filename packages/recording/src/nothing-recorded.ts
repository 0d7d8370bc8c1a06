import { EXIT_CODES, Fault } from "@weir/fault";
import type { StreamConfig } from "@weir/streams";

/** The stream is configured, and nothing of it is on disk. */
export function nothingRecorded({ name, place }: Pick<StreamConfig, "name" | "place">): Fault {
  const where = place.kind === "file" ? place.file : place.folder;
  return new Fault(`--stream: nothing of ${name} is recorded at ${where}`, {
    remedy: "Has its logger run with the same configuration, and in the same folder?",
    exitCode: EXIT_CODES.unavailable,
  });
}
