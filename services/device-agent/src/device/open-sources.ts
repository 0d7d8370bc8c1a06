import type { Clock } from "@weir/clock";
import { ConfigurationFault } from "@weir/config";
import type { ConfiguredSource, DeviceConfig } from "../config/configured-device.ts";
import type { ReportedSource } from "../report/reporter.ts";
import { createRandom } from "../sources/random.ts";

/** A source that is open, with the word that chose it. */
export interface OpenedSource extends ReportedSource {
  kind: string;
}

/**
 * Opens all sources of a device, active or not: commands may choose among them.
 *
 * @param activeNames those that commands have chosen; `null` for those of the configuration.
 * @throws Fault when one cannot be opened, ConfigurationFault when two have an attribute of the same name.
 */
export function openSources(
  { sources, seed, base }: Pick<DeviceConfig, "sources" | "seed" | "base">,
  activeNames: readonly string[] | null,
  clock: Clock,
): OpenedSource[] {
  using opening = new DisposableStack();
  const chosen = stillThere(sources, activeNames);
  const opened = sources.map((configured, index) => {
    const { name, kind, options, everyMs, delivery, rule } = configured;
    const random = createRandom(seed === null ? null : seed + index);
    const source = opening.use(kind.open(options, { name, random, clock, base }));
    const isActive = chosen === null ? configured.isActive : chosen.includes(name);
    return { name, kind: kind.name, source, isActive, everyMs, delivery, rule };
  });
  const clashes = clashesOf(sources, opened);
  if (clashes.length > 0) throw new ConfigurationFault(clashes);
  opening.move();
  return opened;
}

/** What was chosen once and is not configured any more is forgotten; `null` when nothing is left of it. */
function stillThere(
  sources: readonly ConfiguredSource[],
  names: readonly string[] | null,
): readonly string[] | null {
  const left = (names ?? []).filter((name) => sources.some((source) => source.name === name));
  return left.length === 0 ? null : left;
}

/** A line for each attribute that an earlier source has, too. */
function clashesOf(
  configured: readonly ConfiguredSource[],
  opened: readonly OpenedSource[],
): string[] {
  const owners = new Map<string, string>();
  return opened.flatMap(({ name, source }, index) =>
    source.attributes.flatMap((attribute) => {
      const owner = owners.get(attribute.name);
      owners.set(attribute.name, owner ?? name);
      if (owner === undefined) return [];
      const where = configured[index]?.where ?? `sources.${name}`;
      return `${where}: its attribute ${attribute.name} is one of the source ${owner}, too; give one of them another name, or its attributes (see docs/sources.md)`;
    }),
  );
}
