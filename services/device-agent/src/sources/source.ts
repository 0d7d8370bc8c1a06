import { isName, NAME_PATTERN, NAME_RESERVED, NAME_RULE } from "@weir/protocol";
import type { Clock } from "@weir/runtime";
import { z } from "zod";

const RULE = `a name is ${NAME_RULE}`;
/** The name of a source, an attribute or a command. Editors check the pattern. */
export const nameSchema: z.ZodString = z
  .string(RULE)
  .regex(NAME_PATTERN, { error: RULE, abort: true })
  .refine(isName, NAME_RESERVED);

/** One quantity that a source measures: a key of the state's data. */
export interface Attribute {
  /** 1 to 64 letters, digits, dots, underscores or hyphens; unique among a device's attributes. */
  name: string;
  /** For people: `Drive space used`. */
  label: string;
  /** As Home Assistant and SI write it: `GB`, `%`, `°C`; `null` for a plain number. */
  unit: string | null;
  /** The least and the greatest possible value; `null` for an unknown one. */
  range: { min: number | null; max: number | null };
  /** Decimals that are reported. */
  decimals: number;
  /** Home Assistant's `device_class` where one fits (`data_size`, `temperature`). */
  deviceClass: string | null;
}

/** Values by attribute name. A value that could not be read is left out. */
export type Sample = Readonly<Record<string, number>>;

/** Something that is measured: a disk, a sensor, a random walk. */
export interface Source extends Disposable {
  attributes: readonly Attribute[];
  /**
   * Measures now. `signal` ends a measurement that takes too long.
   *
   * @throws Error when it cannot measure. The log reports that, and the next interval tries again.
   */
  read(signal: AbortSignal): Promise<Sample>;
}

/** What the device gives to a source. */
export interface SourceContext {
  /** Its name in the configuration; the only attribute of a source takes this name. */
  name: string;
  /** A number in [0, 1): cryptographic, or from the configured seed. */
  random: () => number;
  clock: Clock;
  /** Relative paths in its options start at this folder. */
  base: string;
}

/** A kind of source. Each file of this folder, and each plugin, exports one as `source`. */
export interface SourceKind<O = unknown> {
  /** Its name in agent.yaml: `source: random_walk`. */
  name: string;
  /** One sentence for `--help`. */
  summary: string;
  /** Its options, from the configuration. */
  options: z.ZodType<O>;
  /** @throws Fault for options that cannot be used: a missing file. */
  open(options: O, context: SourceContext): Source;
}
