import type { Clock } from "@weir/runtime";
import type { z } from "zod";

/** One quantity that a source measures. It stands in the state under its name. */
export interface Attribute {
  /** 1 to 64 letters, digits, dots, underscores or hyphens; unique among a device's attributes. */
  name: string;
  /** For people: `Drive space used`. */
  label: string;
  /** As Home Assistant and SI write it: `GB`, `%`, `°C`; `null` for a plain number. */
  unit: string | null;
  /** What the value cannot be below or above; `null` where that is not known. */
  range: { min: number | null; max: number | null };
  /** Decimals that are reported. */
  decimals: number;
  /** Home Assistant's `device_class` where one fits (`data_size`, `temperature`). */
  deviceClass: string | null;
}

/** Values by the names of attributes. One that could not be read is left out. */
export type Sample = Readonly<Record<string, number>>;

/** Something that is measured: a disk, a sensor, a random walk. */
export interface Source extends Disposable {
  attributes: readonly Attribute[];
  /**
   * Measures now. `signal` ends a measurement that takes too long.
   *
   * @throws what keeps it from measuring; that is reported, and it is asked again next time.
   */
  read(signal: AbortSignal): Promise<Sample>;
}

/** What a source is given. */
export interface SourceContext {
  /** Its name in the configuration; a source of one attribute calls that so. */
  name: string;
  /** A number in [0, 1): cryptographic, or from the configured seed. */
  random: () => number;
  clock: Clock;
  /** The folder that relative paths of its options start from. */
  base: string;
}

/** A kind of source, as a file of this folder (or of the user's own) exports it by the name `source`. */
export interface SourceKind<O = unknown> {
  /** The word that chooses it: `source: random_walk`. */
  name: string;
  /** One sentence for `--help`. */
  summary: string;
  /** Its options, from the configuration. */
  options: z.ZodType<O>;
  /** @throws Fault for options that turn out to be unusable: a file that is not there. */
  open(options: O, context: SourceContext): Source;
}
