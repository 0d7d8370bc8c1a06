/**
 * Counts how Weir reads each entry of `exposes` of all devices that zigbee-herdsman-converters knows, as a table for
 * docs/reference/payloads.md. It installs the package in a temporary folder.
 * Run: node tools/pinned-node.mjs tools/herdsman-table.ts
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { print } from "@weir/runtime";
import { type Reading, SeriesReader, StreamMemory } from "@weir/series";

const PACKAGE = "zigbee-herdsman-converters";
const VERSION = "26.112.0";
const RECEIVED_US = Date.parse("2026-11-27T08:31:00Z") * 1_000;
const TOPIC = "zigbee2mqtt/device";
const PUBLISHED = 1;
const IDS = new Set(["action_group", "action_user", "group_id", "scene_id"]);

interface Expose {
  type: string;
  property?: string;
  access?: number;
  values?: (string | number)[];
  value_on?: unknown;
  value_off?: unknown;
  features?: Expose[];
}

/** A value in what a device publishes, and where it stands. */
interface Field {
  expose: Expose;
  within: string;
  toPayload: (value: unknown) => unknown;
}

const counts = new Map<string, number>();
const misread: string[] = [];
const folder = mkdtempSync(join(tmpdir(), "weir-herdsman-"));
try {
  const definitions = loadDefinitions(folder);
  for (const { model, exposes } of definitions) {
    const read = readerOf(exposes);
    for (const field of exposes.flatMap((expose) => fieldsOf(expose, "", (value) => value))) {
      const row = rowOf(field, read);
      if (row === null) misread.push(`${model}: ${JSON.stringify(field.expose)}`);
      else counts.set(row, (counts.get(row) ?? 0) + 1);
    }
  }
  printTable(definitions.length);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function loadDefinitions(cwd: string): { model: string; exposes: Expose[] }[] {
  const install = ["install", "--ignore-scripts", "--no-save", `${PACKAGE}@${VERSION}`];
  execFileSync("npm", ["--prefix", cwd, ...install], { cwd, stdio: "ignore" });
  const require = createRequire(join(cwd, "index.js"));
  const { prepareDefinition } = require(PACKAGE);
  const files = readdirSync(join(cwd, "node_modules", PACKAGE, "dist/devices"));
  return files
    .filter((file) => file.endsWith(".js") && file !== "index.js")
    .flatMap((file) => require(`${PACKAGE}/devices/${file.slice(0, -3)}`).definitions)
    .map((definition) => {
      const { model, exposes } = prepareDefinition({ ...definition });
      const all = Array.isArray(exposes) ? exposes : exposes({ isDummyDevice: true }, {});
      return { model, exposes: JSON.parse(JSON.stringify(all)) };
    });
}

/** Reads what a device publishes, after the bridge has announced the device. */
function readerOf(exposes: Expose[]): (payload: unknown) => Reading {
  const memory = new StreamMemory();
  const reader = new SeriesReader({
    series: "auto",
    skewUs: 60_000_000,
    timeZone: null,
    document: null,
  });
  let id = 0;
  const read = (topic: string, payload: unknown): Reading => {
    id += 1;
    const message = {
      topic,
      payload: Buffer.from(JSON.stringify(payload)),
      receivedUs: RECEIVED_US,
      retained: false,
      observedUs: null,
    };
    return reader.read(message, memory.at({ segment: "s", id }));
  };
  const device = { ieee_address: "0x01", friendly_name: "device", definition: { exposes } };
  read("zigbee2mqtt/bridge/devices", [device]);
  return (payload) => read(TOPIC, payload);
}

function fieldsOf(expose: Expose, within: string, toPayload: Field["toPayload"]): Field[] {
  const { type, property = "", features } = expose;
  const isColour = property.startsWith("color") && property !== "color_options";
  if (features === undefined || (type === "composite" && !isColour))
    return [{ expose, within, toPayload: (value) => toPayload({ [property]: value }) }];
  const inside: Field["toPayload"] =
    type === "composite" ? (value) => toPayload({ [property]: value }) : toPayload;
  return features.flatMap((feature) => fieldsOf(feature, type, inside));
}

/** The row of the table; `null` for a field that is not read as the table says. */
function rowOf({ expose, within, toPayload }: Field, read: (payload: unknown) => Reading) {
  const { type, access = PUBLISHED, values = [], value_on, value_off } = expose;
  if ((access & PUBLISHED) === 0) return "any that can only be set | never published";
  const pointsOf = (value: unknown) => read(toPayload(value)).points;
  const isUnread = (value: unknown) => pointsOf(value).length === 0;
  if (type === "numeric") {
    if (IDS.has(expose.property ?? "")) return isUnread(1) ? "`numeric` ids | not read" : null;
    if (pointsOf(-1.5)[0]?.value !== -1.5) return null;
    return within === "composite"
      ? "`numeric` in a colour | gauge"
      : "`numeric` | gauge or counter";
  }
  if (type === "binary") {
    const [on] = pointsOf(value_on);
    const [off] = pointsOf(value_off);
    if (on?.kind !== "state" || off?.kind !== "state" || on.value === off.value) return null;
    if (typeof value_on === "boolean") return "`binary` with `true` and `false` | state";
    if (on.value === 0)
      return '`binary` whose "on" is a word for 0, such as UNLOCK | state, as the word says';
    const unannounced = readerOf([]);
    const isKnown = [value_on, value_off].every(
      (word) => unannounced(toPayload(word)).points.length > 0,
    );
    return isKnown
      ? "`binary` with words that Weir knows | state"
      : "`binary` with words of its own | state, after `bridge/devices`";
  }
  if (type === "enum") {
    const found = values.flatMap(pointsOf);
    if (found.length === 0) return "`enum` of words | not read";
    if (found.every(({ kind }) => kind === "state"))
      return within === "cover" || within === "lock"
        ? "`enum` of a cover or a lock | state; STOP and the like are not read"
        : found.length === values.length
          ? "`enum` of the two words of a state | state"
          : null;
    return "`enum` with numbers | gauge; words are not read";
  }
  if (type === "text") return isUnread("007") ? "`text` | not read" : null;
  if (type === "list") return isUnread([1]) ? "`list` | not read" : null;
  return isUnread({ a: 1 }) ? "`composite` but for colours: settings | not read" : null;
}

function printTable(definitions: number): void {
  const rows = [...counts].toSorted(([, one], [, other]) => other - one);
  const total = rows.reduce((sum, [, count]) => sum + count, 0);
  const lines = [
    `${PACKAGE} ${VERSION}: ${definitions} definitions, ${total} entries`,
    "| entry | read as | entries |",
    "|---|---|---|",
    ...rows.map(([row, count]) => `| ${row} | ${count} |`),
    ...misread.map((one) => `not read as it should be: ${one}`),
  ];
  print(`${lines.join("\n")}\n`);
  process.exitCode = misread.length > 0 ? 1 : 0;
}
