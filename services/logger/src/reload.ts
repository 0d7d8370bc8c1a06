import { isDeepStrictEqual } from "node:util";
import type { LoggerConfig } from "./config.ts";

/** What differs between two configurations, as far as a running logger can follow. */
export interface Change {
  /** The configuration to go on with: the new one, but for what needs a restart. */
  config: LoggerConfig;
  /** What of the new one needs a restart, in words for an operator. */
  needsRestart: string[];
}

const PROCESS_FIELDS = [
  "process",
  "file",
  "synchronous",
  "clientId",
  "sessionExpirySeconds",
  "transport",
  "skewUs",
  "devicePrefixes",
  "upkeep",
] as const satisfies readonly (keyof LoggerConfig)[];

const STREAM_FIELDS = ["place", "broker", "connection", "batch"] as const;

/** Tells what of a new configuration can be taken over while the logger runs. */
export function planReload(current: LoggerConfig, next: LoggerConfig): Change {
  const needsRestart: string[] = [];
  const kept: Partial<LoggerConfig> = {};
  for (const field of PROCESS_FIELDS) {
    if (isDeepStrictEqual(current[field], next[field])) continue;
    needsRestart.push(field);
    Object.assign(kept, { [field]: current[field] });
  }

  const brokers = { ...next.streams.brokers };
  for (const [name, broker] of Object.entries(current.streams.brokers)) {
    if (name in brokers && !isDeepStrictEqual(broker, brokers[name])) {
      needsRestart.push(`brokers.${name}`);
    }
    // A broker that a running stream uses stays what it is.
    brokers[name] = broker;
  }

  const streams = next.streams.streams.map((stream) => {
    const running = current.streams.streams.find(({ name }) => name === stream.name);
    if (running === undefined) return stream;
    const fixed = STREAM_FIELDS.filter(
      (field) => !isDeepStrictEqual(running[field], stream[field]),
    );
    needsRestart.push(...fixed.map((field) => `streams.${stream.name}.${field}`));
    return { ...stream, ...Object.fromEntries(fixed.map((field) => [field, running[field]])) };
  });

  return {
    config: { ...next, ...kept, streams: { ...next.streams, brokers, streams } },
    needsRestart,
  };
}
