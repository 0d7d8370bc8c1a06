import type { BrokerConfig } from "@weir/config";
import type { DecoderSpec } from "@weir/decoders";
import type { StreamPlace } from "@weir/store";

/** One log, as it is configured. Paths are absolute, or relative to the working folder. */
export interface StreamConfig {
  name: string;
  filters: readonly string[];
  exclude: readonly string[];
  qos: 0 | 1;
  /** What becomes of messages that the broker had kept: `mark` stores them without a value. */
  retained: "store" | "mark" | "skip";
  decoder: DecoderSpec;
  /** The IANA name of the zone that times without a zone are in. */
  timeZone: string;
  /** A TypeScript file, `null` for none. */
  filterFile: string | null;
  place: StreamPlace;
  /** `null` for the one file of `place.kind` "file". */
  rotationMs: number | null;
  /** `null` is no limit. */
  retention: {
    ageMs: number | null;
    bytesMax: number | null;
    freeDiskBytesMin: number | null;
  };
  batch: { rowsMax: number; delayMs: number };
  /** A key of `StreamsConfig.brokers`. */
  broker: string;
  connection: "shared" | "own";
}

/** All that is logged. */
export interface StreamsConfig {
  /** `default` is the broker of the environment. */
  brokers: Readonly<Record<string, BrokerConfig>>;
  streams: readonly StreamConfig[];
  /** How often and where the logger says how it does. */
  performance: { intervalMs: number; topic: string };
  /** The weir.yaml that was read; `null` when there is none. */
  file: string | null;
}

export const DEFAULT_BROKER = "default";
