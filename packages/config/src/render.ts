import type { Setting, Settings } from "./setting.ts";

const PREAMBLE = `# Every setting of Weir, with its default. Copy this file to .env, take the # from the lines that
# you change, and change them. The process's own environment wins over .env; an empty value means
# the default.
# Generated from the settings of the services: npm run env-example
`;

/** The text of `.env.example`: each setting once, under its section, in the order of first appearance. */
export function renderEnvExample(all: readonly Settings[]): string {
  const settings = Object.assign({}, ...all) as Settings;
  const sections = Map.groupBy(Object.entries(settings), ([, setting]) => setting.section);
  const blocks = [...sections].map(([title, entries]) =>
    [`\n# --- ${title} ---`, ...entries.map(([name, setting]) => renderEntry(name, setting))].join(
      "\n",
    ),
  );
  return `${PREAMBLE}${blocks.join("\n")}\n`;
}

function renderEntry(name: string, setting: Setting<unknown>): string {
  return `# ${setting.description}\n# Allowed: ${setting.allowed}.\n#${name}=${setting.default ?? ""}`;
}

/** The settings of one service, as `--help` prints them. */
export function renderHelp(settings: Settings): string {
  return Object.entries(settings)
    .map(([name, { default: value, description, allowed }]) => {
      const shown = value === null ? "not set" : `default ${value === "" ? '""' : value}`;
      return `  ${name}  (${shown})\n      ${description} Allowed: ${allowed}.`;
    })
    .join("\n");
}
