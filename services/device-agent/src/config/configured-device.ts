import type { KindSettings } from "@weir/delivery";
import type { DeviceAddress } from "@weir/messages";
import type { DeviceCommand } from "../commands/command.ts";
import type { DeadbandRule } from "../report/deadband.ts";
import type { SandboxOptions } from "../sandbox/sandbox.ts";
import type { SourceKind } from "../sources/source.ts";

/** A source, as it is configured. */
export interface ConfiguredSource {
  name: string;
  /** `agent.yaml:12: sources.walk`, for what is wrong with it when it is opened. */
  where?: string;
  kind: SourceKind;
  /** What `kind.options` made of the configuration. */
  options: unknown;
  isActive: boolean;
  /** `null` follows the device's interval. */
  everyMs: number | null;
  delivery: KindSettings;
  rule: DeadbandRule;
}

/** A device, as it is configured. */
export interface DeviceConfig {
  address: DeviceAddress;
  /** Between two reports, and what `change_send_interval` may set at least, in milliseconds. */
  intervalMs: number;
  intervalMinMs: number;
  sources: readonly ConfiguredSource[];
  /** What the device obeys, by name. */
  commands: ReadonlyMap<string, DeviceCommand>;
  sandbox: SandboxOptions;
  /** `null` tells Home Assistant nothing. */
  homeAssistant: { prefix: string } | null;
  /** For random sources; `null` for cryptographic randomness. */
  seed: number | null;
  /** The folder that relative paths start from: that of agent.yaml. */
  base: string;
  /** How long the broker keeps commands for a device that is away, in seconds. */
  sessionExpirySeconds: number;
  /** How it looks for a broker that is away: at least every ten seconds, or ever less often. */
  power: "mains" | "battery";
  /** Topics, or beginnings of them, that mean something to others: no answer goes there. */
  reservedTopics?: readonly string[];
  /** What ends the stay of an alarm in the outbox. */
  confirm: "receipt" | "puback";
}
