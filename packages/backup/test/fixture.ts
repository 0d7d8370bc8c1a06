import { join } from "node:path";
import { backUp, type SuitePlaces } from "@weir/backup";
import { systemClock } from "@weir/runtime";
import type { TemporaryFolder } from "@weir/testkit";

/** A signal that never ends anything. */
export const NEVER: AbortSignal = new AbortController().signal;

/** The places of a suite in a folder, with one stream, home, in segments. */
export function placesIn(folder: string): SuitePlaces {
  const at = (...names: string[]): string => join(folder, ...names);
  return {
    storeFile: at("data", "weir.db"),
    outboxFile: at("data", "publisher-outbox.db"),
    deviceFolder: at("data", "device"),
    dashboardFile: at("data", "dashboard.db"),
    workflowsFile: at("data", "workflows.db"),
    streams: [
      { name: "data", place: { kind: "file", file: at("data", "weir.db") } },
      { name: "home", place: { kind: "folder", folder: at("data", "home") } },
    ],
    configFolders: { config: at("config"), agent: at("config"), flows: at("config", "workflows") },
    secretFolders: [at("config", "keys")],
  };
}

/** A backup of the suite in a folder into the folder `backups` beside it. */
export async function backUpSuite(folder: TemporaryFolder, keep: number | null = null) {
  return await backUp({
    folder: folder.file("backups"),
    places: placesIn(folder.path),
    weir: "1.2.3",
    keep,
    clock: systemClock,
    signal: NEVER,
  });
}
