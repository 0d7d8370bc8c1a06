import { ConfigurationFault, type Environment } from "@weir/config";
import { readSettingsFile, type SettingsFile } from "@weir/settings-file";
import { isSet } from "./defaults.ts";
import { type NormaliseContext, normaliseStream } from "./normalise.ts";
import type { WeirFile } from "./schema.ts";
import type { StreamConfig } from "./stream-config.ts";
import { weirFileFormat } from "./weir-file.ts";

/** Nobody misses the usual file; one that was asked for is missed. */
export function readNamedFile(
  file: string,
  environment: Environment,
): SettingsFile<WeirFile> | null {
  const read = readSettingsFile(file, weirFileFormat);
  if (read === null && isSet(environment, "WEIR_FILE")) {
    throw new ConfigurationFault([`WEIR_FILE: ${file} is not there; make it, or unset WEIR_FILE`]);
  }
  return read;
}

/** The entries of weir.yaml over the streams that are there without it. */
export function mergeStreams(
  defaults: readonly StreamConfig[],
  entries: NonNullable<WeirFile["streams"]>,
  context: NormaliseContext,
): StreamConfig[] {
  const streams = new Map(defaults.map((stream) => [stream.name, stream]));
  for (const [name, entry] of Object.entries(entries)) {
    if (entry.enabled === false) streams.delete(name);
    else {
      const before = streams.get(name);
      streams.set(name, normaliseStream(name, entry, { ...context, before }));
    }
  }
  return [...streams.values()];
}
