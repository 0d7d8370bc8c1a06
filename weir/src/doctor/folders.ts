import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Environment, readSettings } from "@weir/runtime";
import { standaloneSettings } from "@weir/standalone/settings";
import { readPlaces } from "../read-places.ts";

/** A folder that Weir writes to, and the setting that names it. */
export interface WrittenFolder {
  path: string;
  setting: string;
}

/**
 * The folders that Weir writes to, each once, whether they are there yet or not.
 *
 * @throws ConfigurationFault.
 */
export function writtenFolders(environment: Environment): WrittenFolder[] {
  const { storeFile, outboxFile, deviceFolder, streams } = readPlaces(environment);
  const { LOG_FOLDER } = readSettings(standaloneSettings, environment);
  const named: WrittenFolder[] = [
    { path: dirname(storeFile), setting: "DB_FILE" },
    ...streams.map(({ name, place }) => ({
      path: place.kind === "folder" ? place.folder : dirname(place.file),
      setting: `streams.${name} in weir.yaml`,
    })),
    { path: dirname(outboxFile), setting: "PUBLISHER_OUTBOX_FILE" },
    { path: deviceFolder, setting: "DEVICE_FOLDER" },
    // In Compose there is none.
    ...(existsSync(LOG_FOLDER) ? [{ path: LOG_FOLDER, setting: "LOG_FOLDER" }] : []),
  ];
  const found = new Map<string, WrittenFolder>();
  for (const { path, setting } of named) {
    const whole = resolve(path);
    if (!found.has(whole)) found.set(whole, { path: whole, setting });
  }
  return [...found.values()];
}
