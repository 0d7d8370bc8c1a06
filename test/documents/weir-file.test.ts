import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { readStreams, type StreamsConfig, weirFileJsonSchema } from "@weir/streams";
import { createTestCertificate, type TemporaryFolder, temporaryFolder } from "@weir/testkit";
import { parse } from "yaml";

const SCHEMA = "config/weir.schema.json";
const EXAMPLE = "config/weir.example.yaml";

test(`${SCHEMA} is what the code accepts (weir config schema > ${SCHEMA})`, () => {
  const written = JSON.parse(readFileSync(SCHEMA, "utf8"));
  expect(written).toEqual(JSON.parse(JSON.stringify(weirFileJsonSchema())));
});

/** The example with the # removed from every line; before a sentence there is a space behind it. */
function wholeExample(): string {
  return readFileSync(EXAMPLE, "utf8").replace(/^( *)#(?=[^ \n])/gm, "$1");
}

function readText(folder: TemporaryFolder, text: string): StreamsConfig {
  const file = folder.file("weir.yaml");
  writeFileSync(file, text);
  return readStreams({ WEIR_FILE: file, BARN_PASSWORD: "one" });
}

interface Shape {
  properties?: Record<string, Shape>;
  additionalProperties?: Shape | boolean;
  anyOf?: Shape[];
}

/** Every path of keys that the schema knows, with * for a name that users give. */
function pathsOf(shape: Shape, path = ""): string[] {
  const { properties = {}, additionalProperties: named, anyOf = [] } = shape;
  const below = Object.entries(properties).flatMap(([key, inner]) => {
    const here = `${path}/${key}`;
    return [here, ...pathsOf(inner, here)];
  });
  const ofNames = typeof named === "object" ? pathsOf(named, `${path}/*`) : [];
  return [...below, ...ofNames, ...anyOf.flatMap((one) => pathsOf(one, path))];
}

/** The same of a document, whose names stand under brokers and streams. */
function pathsIn(content: unknown, path = ""): string[] {
  if (typeof content !== "object" || content === null || Array.isArray(content)) return [];
  return Object.entries(content).flatMap(([key, value]) => {
    const isName = path === "/brokers" || path === "/streams";
    const here = `${path}/${isName ? "*" : key}`;
    return [here, ...pathsIn(value, here)];
  });
}

describe(EXAMPLE, () => {
  test("changes nothing as it is", () => {
    using folder = temporaryFolder();
    const { file: _, ...config } = readText(folder, readFileSync(EXAMPLE, "utf8"));
    const { file: __, ...defaults } = readText(folder, "");
    expect(config).toEqual(defaults);
  });

  test("is valid with the # taken from every line", () => {
    using folder = temporaryFolder();
    const { certificate, key } = createTestCertificate({ name: "weir" });
    writeFileSync(folder.file("greenhouse.password"), "two\n");
    for (const file of ["orchard-ca.pem", "orchard.pem"]) {
      writeFileSync(folder.file(file), certificate);
    }
    writeFileSync(folder.file("orchard.key"), key);
    const { streams, brokers } = readText(folder, wholeExample());
    expect(streams.map(({ name }) => name)).toEqual(["data", "devices", "kitchen", "animals"]);
    expect(brokers).toMatchObject({
      barn: { password: "one" },
      greenhouse: { password: "two" },
      orchard: { tls: { key } },
    });
  });

  test("shows every key that there is", () => {
    const shown = new Set(pathsIn(parse(wholeExample())));
    const known = pathsOf(JSON.parse(readFileSync(SCHEMA, "utf8")));
    expect(known.length).toBeGreaterThan(25);
    expect(known.filter((path) => !shown.has(path))).toEqual([]);
  });

  test("says to editors where the schema is", () => {
    const [first] = readFileSync(EXAMPLE, "utf8").split("\n");
    expect(first).toBe("# yaml-language-server: $schema=./weir.schema.json");
  });
});

/** The YAML in a page that is a weir.yaml, or a part of one with its streams. */
function weirFilesIn(page: string): string[] {
  const blocks = readFileSync(page, "utf8").matchAll(/```yaml\n(.*?)```/gs);
  return [...blocks].map(([, text = ""]) => text).filter((text) => /^streams:/m.test(text));
}

test.each(["README.md", "docs/reference/streams.md"])(
  "what %s shows of weir.yaml is valid",
  (page) => {
    using folder = temporaryFolder();
    const shown = weirFilesIn(page);
    expect(shown).not.toEqual([]);
    for (const text of shown) expect(() => readText(folder, text)).not.toThrow();
  },
);
