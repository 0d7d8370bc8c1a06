import { RESULT_BYTES_MAX } from "../life/told.ts";

const NAMES_MAX = 50;

interface Named {
  name: string;
}

/** What is told of a device. Its lists are shortened when it would be too long. */
export interface Description {
  id: string;
  intervalSeconds: number;
  intervalMinSeconds: number;
  sandbox: object;
  sources: readonly (Named & { attributes: readonly (Named & { unit: string | null })[] })[];
  commands: readonly (Named & { payload: object })[];
}

/** The first of several ever shorter descriptions that an ack can tell; `shortened` says what is not in it. */
export function fitDescription(full: Description): object {
  const small = { ...full, sources: full.sources.map(withShortAttributes) };
  const smaller = { ...small, commands: full.commands.map(({ payload: _, ...rest }) => rest) };
  const names = { ...full, sources: namesOf(full.sources), commands: namesOf(full.commands) };
  const candidates = [
    full,
    { ...small, shortened: "attributes" },
    { ...smaller, shortened: "attributes, payloads" },
    { ...names, shortened: "everything but names; give one of them to read more" },
  ];
  return candidates.find(fits) ?? fewest(names, full);
}

/** So few that they always fit: a name has 64 letters at most. */
function fewest(
  names: { sources: readonly string[]; commands: readonly string[] },
  full: Description,
): object {
  return {
    ...names,
    sources: names.sources.slice(0, NAMES_MAX),
    commands: names.commands.slice(0, NAMES_MAX),
    shortened: `the first ${NAMES_MAX} names of ${full.sources.length} sources and ${full.commands.length} commands`,
  };
}

function fits(description: object): boolean {
  return Buffer.byteLength(JSON.stringify(description)) <= RESULT_BYTES_MAX;
}

function withShortAttributes(source: Description["sources"][number]): object {
  return { ...source, attributes: source.attributes.map(({ name, unit }) => ({ name, unit })) };
}

function namesOf(list: readonly Named[]): string[] {
  return list.map(({ name }) => name);
}
