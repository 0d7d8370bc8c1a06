import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { agentJsonSchema } from "@weir/device-agent/agent-file";
import { type AgentConfig, readAgentConfig } from "@weir/device-agent/config";
import { type TemporaryFolder, temporaryFolder } from "@weir/testkit";
import { parse } from "yaml";

const SCHEMA = "config/agent.schema.json";
const EXAMPLE = "config/agent.example.yaml";

test(`${SCHEMA} is what the code accepts (npm run agent-schema writes it)`, () => {
  const written = JSON.parse(readFileSync(SCHEMA, "utf8"));
  expect(written).toEqual(JSON.parse(JSON.stringify(agentJsonSchema())));
});

/** The example with the # removed from every line; before a sentence there is a space behind it. */
function wholeExample(): string {
  return readFileSync(EXAMPLE, "utf8").replace(/^( *)#(?=[^ \n])/gm, "$1");
}

function readText(folder: TemporaryFolder, text: string): AgentConfig {
  const file = folder.file("agent.yaml");
  // Its neighbours in config/ are not the neighbours of this one.
  writeFileSync(file, text.replaceAll(" examples/", ` ${resolve("config/examples")}/`));
  return readAgentConfig({ AGENT_FILE: file });
}

interface Shape {
  properties?: Record<string, Shape>;
  additionalProperties?: { anyOf?: Shape[] } | boolean;
  anyOf?: Shape[];
  const?: string;
}

/** Every path of keys that a shape knows. */
function pathsOf({ properties = {}, anyOf = [] }: Shape, path = ""): string[] {
  const below = Object.entries(properties).flatMap(([key, inner]) => {
    const here = `${path}/${key}`;
    return [here, ...pathsOf(inner, here)];
  });
  return [...below, ...anyOf.flatMap((one) => pathsOf(one, path))];
}

/** The same of a document. */
function pathsIn(content: unknown, path = ""): string[] {
  if (typeof content !== "object" || content === null || Array.isArray(content)) return [];
  return Object.entries(content).flatMap(([key, value]) => {
    const here = `${path}/${key}`;
    return [here, ...pathsIn(value, here)];
  });
}

/** The forms of a source: one for each kind, and the last for your own kinds, with what all of them have. */
function kindsOf({ properties }: Shape): { kinds: Shape[]; common: string[] } {
  const sources = properties?.sources?.additionalProperties;
  const forms = (typeof sources === "object" && sources.anyOf) || [];
  return { kinds: forms.slice(0, -1), common: pathsOf(forms.at(-1) ?? {}) };
}

describe(EXAMPLE, () => {
  const schema: Shape = JSON.parse(readFileSync(SCHEMA, "utf8"));
  const whole: { sources: Record<string, { source: string }> } = parse(wholeExample());
  const sources = Object.values(whole.sources);

  test("changes nothing as it is", () => {
    using folder = temporaryFolder();
    const config = readText(folder, readFileSync(EXAMPLE, "utf8"));
    expect(config).toEqual(readText(folder, ""));
  });

  test("is valid with the # taken from every line", () => {
    using folder = temporaryFolder();
    const { device } = readText(folder, wholeExample());
    expect(device.sources.map(({ name }) => name)).toEqual(Object.keys(whole.sources));
    expect([...device.commands.keys()]).toEqual(["report_now", "describe", "wake_on_lan"]);
  });

  test("shows what a device has without an agent.yaml", () => {
    using folder = temporaryFolder();
    const { device } = readText(folder, "");
    const names = device.sources.map(({ name }) => name);
    expect(names.filter((name) => whole.sources[name] === undefined)).toEqual([]);
  });

  test("shows every key that there is", () => {
    const shown = new Set(pathsIn(whole));
    const known = pathsOf(schema);
    expect(known.length).toBeGreaterThan(15);
    expect(known.filter((path) => !shown.has(path))).toEqual([]);
  });

  test("shows every kind of source with all of its options, and what every source has", () => {
    const { kinds, common } = kindsOf(schema);
    expect(kinds.length).toBeGreaterThan(4);
    for (const kind of kinds) {
      const name = kind.properties?.source?.const;
      const shown = new Set(pathsIn(sources.find(({ source }) => source === name)));
      const missing = pathsOf(kind).filter((path) => !common.includes(path) && !shown.has(path));
      expect({ name, missing }).toEqual({ name, missing: [] });
    }
    const shown = new Set(sources.flatMap((source) => pathsIn(source)));
    expect(common.filter((path) => !shown.has(path))).toEqual([]);
  });

  test("says to editors where the schema is", () => {
    const [first] = readFileSync(EXAMPLE, "utf8").split("\n");
    expect(first).toBe("# yaml-language-server: $schema=./agent.schema.json");
  });
});
