import type { Outcome } from "@weir/delivery";
import type { Deadband } from "../report/deadband.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { Attribute } from "../sources/source.ts";

/** A command, as `describe` and Home Assistant show it. */
export interface CommandDescription {
  name: string;
  summary: string;
  /** JSON Schema of its payload. */
  payload: object;
}

/** A source, as `describe` and Home Assistant show it. */
export interface SourceDescription {
  name: string;
  kind: string;
  isActive: boolean;
  attributes: readonly Attribute[];
}

/** What commands may do with their device. Everything that they set survives a restart. */
export interface DeviceControl {
  id: string;
  /** Between two reports, in milliseconds. */
  intervalMs(): number;
  intervalMinMs: number;
  /** Holds from now on: a timer that runs is set anew. @throws Refusal out of bounds. @throws when it cannot be kept. */
  setIntervalMs(intervalMs: number): void;
  sources(): readonly SourceDescription[];
  /** Reports these from now on, and no others. @throws Refusal for none, and for a name that is not configured. */
  setActiveSources(names: readonly string[]): void;
  /** `null` for none; `maxSilenceMs` as it was where it is left out. @throws Refusal for an attribute that there is not, or a rule that is none. */
  setDeadband(attribute: string, deadband: Deadband | null, maxSilenceMs?: number): void;
  /** Measures and reports everything now, whatever the deadbands say. */
  reportNow(): Promise<readonly Outcome[]>;
  commands(): readonly CommandDescription[];
  sandbox: Sandbox;
  /** Ends the process in an orderly way; who started it starts it again. */
  restart(): void;
}
