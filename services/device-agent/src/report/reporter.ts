import type { Clock } from "@weir/clock";
import type { KindSettings, Outcome } from "@weir/delivery";
import type { DeviceState } from "@weir/messages";
import type { DeviceLog } from "../device/log.ts";
import type { Source } from "../sources/source.ts";
import type { Deadband, DeadbandRule } from "./deadband.ts";

/** A source that is open, and how it is reported. */
export interface ReportedSource {
  /** Its name in the configuration. */
  name: string;
  source: Source;
  isActive: boolean;
  /** Of its own, in milliseconds; `null` follows the device's interval. */
  everyMs: number | null;
  delivery: KindSettings;
  /** For each of its attributes, unless that has one of its own. */
  rule: DeadbandRule;
}

/** States of which the next one replaces the one before: delivered alike, and due at the same times. */
export interface StateSeries {
  delivery: KindSettings;
  /** `null` follows the device's interval. */
  everyMs: number | null;
}

export interface ReporterOptions {
  sources: readonly ReportedSource[];
  intervalMs: number;
  /** Deadbands of single attributes, as commands have set them. */
  rules: Readonly<Record<string, DeadbandRule>>;
  /** Hands a state to its delivery. What is due at one moment of one series is one state. */
  send: (series: StateSeries, state: DeviceState) => Promise<Outcome>;
  log: DeviceLog;
  clock: Clock;
}

/** Measures each source in its interval and reports what has changed enough; whatever the connection does. */
export interface Reporter extends AsyncDisposable {
  /** The first report is at once. */
  start(): void;
  /** Sets the timers that run anew; the next report comes one interval from now. */
  setIntervalMs(intervalMs: number): void;
  /** @throws Refusal for none, and for a name that there is not. */
  setActiveSources(names: readonly string[]): void;
  /** @throws Refusal for an attribute that there is not, and for a rule that is none. */
  setDeadband(attribute: string, deadband: Deadband | null, maxSilenceMs?: number): void;
  /** Measures and reports all active sources now, whatever their deadbands say. */
  reportNow(): Promise<readonly Outcome[]>;
  intervalMs(): number;
  isActive(name: string): boolean;
  /** The rules that `setDeadband` has set, to be kept. */
  rules(): Readonly<Record<string, DeadbandRule>>;
}
