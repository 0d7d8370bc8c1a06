import type { Memory } from "../reading/memory.ts";
import { recordOf } from "../reading/message.ts";
import { rememberWords } from "../reading/own-words.ts";
import type { Path } from "../reading/path.ts";
import type { About, Kind, Reading } from "../reading/reading.ts";
import { numberOf, stateOf } from "../reading/values.ts";
import type { Family } from "./family.ts";
import {
  type Config,
  fieldOf,
  JSON_LIGHT,
  REPORTS,
  type Report,
  textOf,
} from "./home-assistant-entities.ts";
import { pathOfTemplate } from "./value-template.ts";

const PREFIX = "homeassistant/";
/** `<prefix>/<component>/[<node>/]<object>/config`, with the components that are read or have been there for long. */
const TOPIC =
  /(?:^|\/)(binary_sensor|button|camera|climate|cover|device|device_automation|device_tracker|event|fan|humidifier|light|lock|number|scene|select|sensor|siren|switch|tag|text|update|vacuum|valve|water_heater)\/(?:[\w-]+\/)?[\w-]+\/config$/;

/** Classes of sensors whose values are no numbers. */
const NO_NUMBER: ReadonlySet<unknown> = new Set(["date", "enum", "timestamp"]);
const KINDS: ReadonlyMap<unknown, Kind> = new Map<unknown, Kind>([
  ["measurement", "gauge"],
  ["measurement_angle", "gauge"],
  ["total", "counter"],
  ["total_increasing", "counter"],
]);

const COMPONENTS_MAX = 256;
const TEMPLATE_SHOWN_MAX = 80;
const WILDCARDS = /[+#\0]/;

function matches(topic: string): boolean {
  return topic.startsWith(PREFIX) ? topic.endsWith("/config") : TOPIC.test(topic);
}

/** Home Assistant's MQTT discovery: names, units, classes and kinds of the series on other topics. */
export const homeAssistant: Family = {
  name: "home-assistant",
  matches,
  concernsOthers: matches,
  read: ({ topic, object }, reading, memory) => {
    if (object === null || !(topic.startsWith(PREFIX) || isConfig(object))) return false;
    reading.ignore("", "a configuration");
    const discovery = new Discovery(reading, memory);
    const component = TOPIC.exec(topic)?.[1];
    if (component === "device") discovery.takeDevice(object);
    else discovery.takeEntity("", component, object, object);
    discovery.replaceLast(topic);
    return true;
  },
  readEmpty: ({ topic }, reading, memory) => new Discovery(reading, memory).replaceLast(topic),
};

/** Whether an object under another prefix than the usual one has what only a configuration has. */
function isConfig(object: Config): boolean {
  const id = object.unique_id ?? object.uniq_id;
  return typeof id === "string" || recordOf(fieldOf(object, "components")) !== null;
}

/** What one configuration says. */
class Discovery {
  readonly #reading: Reading;
  readonly #memory: Memory;
  readonly #series = new Map<string, readonly [topic: string, path: Path]>();

  constructor(reading: Reading, memory: Memory) {
    this.#reading = reading;
    this.#memory = memory;
  }

  /** A configuration of a whole device, with its entities as components. */
  takeDevice(config: Config): void {
    const components = Object.entries(recordOf(fieldOf(config, "components")) ?? {});
    if (components.length > COMPONENTS_MAX)
      this.#reading.leaveOut("", `more than ${COMPONENTS_MAX} components`);
    for (const [id, given] of components.slice(0, COMPONENTS_MAX)) {
      const component = recordOf(given);
      // A component with its platform alone is one that was removed.
      if (component === null || Object.keys(component).length < 2) continue;
      this.takeEntity(id, fieldOf(component, "platform"), component, config);
    }
  }

  /** @param shared has the device, and the topic of the state where the entity names none. */
  takeEntity(id: string, component: unknown, config: Config, shared: Config): void {
    const reports = REPORTS.get(component);
    if (reports === undefined || NO_NUMBER.has(fieldOf(config, "device_class"))) return;
    const device = this.#deviceOf(shared);
    if (component === "light" && config.schema === "json") {
      const topic = topicOf(config, shared, "state_topic");
      if (topic === null) return;
      for (const [path, report] of JSON_LIGHT)
        this.#describe(topic, path, aboutOf(config, device, report));
      return;
    }
    for (const report of reports) {
      const topic = topicOf(config, shared, report.topic);
      if (topic !== null) this.#takeReport(id, topic, config, device, report);
    }
  }

  #takeReport(
    id: string,
    topic: string,
    config: Config,
    device: string | undefined,
    report: Report,
  ): void {
    const template = templateOf(config, report.template);
    const path = pathOfTemplate(template);
    if (path === null) {
      const shown = template.slice(0, TEMPLATE_SHOWN_MAX);
      this.#reading.ignore(id, `a template that is not understood: ${shown}`);
      return;
    }
    this.#describe(topic, path, aboutOf(config, device, report));
    this.#rememberWords(topic, path, config, report);
  }

  /** Takes back what the last configuration on this topic said and this one does not. */
  replaceLast(topic: string): void {
    const key = `home-assistant ${topic}`;
    const last = (this.#memory.get(key)?.series ?? []) as readonly (readonly [string, Path])[];
    for (const [seriesTopic, path] of last) {
      if (!this.#series.has(keyOf(seriesTopic, path)))
        this.#reading.describe(path, {}, seriesTopic);
    }
    if (last.length > 0 || this.#series.size > 0)
      this.#memory.set(key, { series: [...this.#series.values()] });
  }

  #describe(topic: string, path: Path, about: About): void {
    this.#series.set(keyOf(topic, path), [topic, path]);
    this.#reading.describe(path, about, topic);
  }

  /** The device's name. One of its configurations may hold it for all that have the same identifier. */
  #deviceOf(config: Config): string | undefined {
    const device = recordOf(fieldOf(config, "device"));
    if (device === null) return undefined;
    const identifiers = fieldOf(device, "identifiers");
    const id: unknown = Array.isArray(identifiers) ? identifiers[0] : identifiers;
    const name = textOf(device, "name");
    if (typeof id !== "string" || id.length > COMPONENTS_MAX) return name;
    const key = `home-assistant device ${id}`;
    if (name !== undefined) this.#memory.set(key, { name });
    return name ?? (this.#memory.get(key)?.name as string | undefined);
  }

  /** Words that every stream knows, booleans and numbers need not be remembered. */
  #rememberWords(topic: string, path: Path, config: Config, { words }: Report): void {
    if (words === undefined) return;
    const one = wordOf(config, words.one, words.assumed[0]);
    const zero = wordOf(config, words.zero, words.assumed[1]);
    const isKnown = stateOf(one) === 1 && stateOf(zero) === 0;
    if (typeof one !== "string" || typeof zero !== "string" || isKnown) return;
    if (numberOf(one) === null || numberOf(zero) === null)
      rememberWords(this.#memory, topic, [[path, [one, zero]]]);
  }
}

const keyOf = (topic: string, path: Path): string => `${topic}#${path}`;

function wordOf(config: Config, keys: readonly string[], assumed: string): unknown {
  return keys.map((key) => fieldOf(config, key)).find((word) => word !== undefined) ?? assumed;
}

function templateOf(config: Config, key: string): string {
  const template = fieldOf(config, key);
  return typeof template === "string" ? template : "";
}

/** The topic that a key names; a "~" at its begin or end stands for the base. */
function topicOf(config: Config, shared: Config, key: string): string | null {
  const topic = textOf(config, key) ?? (key === "state_topic" ? textOf(shared, key) : undefined);
  if (topic === undefined || WILDCARDS.test(topic)) return null;
  const base = textOf(config, "~") ?? textOf(shared, "~");
  if (base === undefined) return topic;
  if (topic.startsWith("~")) return base + topic.slice(1);
  return topic.endsWith("~") ? topic.slice(0, -1) + base : topic;
}

function aboutOf(config: Config, device: string | undefined, report: Report): About {
  const isMain = report.name === undefined;
  const about: About = {
    name: nameOf(config, device, report.name),
    unit: report.unit ?? (isMain ? textOf(config, "unit_of_measurement") : undefined),
    class: isMain ? textOf(config, "device_class") : undefined,
    kind: report.words === undefined ? KINDS.get(fieldOf(config, "state_class")) : "state",
    device,
  };
  return about;
}

/** "Boiler Flow temperature": the device's name before that of the entity, as Home Assistant shows it. */
function nameOf(config: Config, device: string | undefined, part?: string): string | undefined {
  const own = textOf(config, "name");
  // An entity with `"name": null` is what the device is for. Without a name it is called by its class.
  const byClass = config.name === undefined ? textOf(config, "device_class") : undefined;
  const entity = own ?? byClass?.replaceAll("_", " ");
  const repeats = entity === device || entity?.startsWith(`${device} `);
  const prefix = repeats ? undefined : device;
  const parts = [prefix, entity, part].filter((text) => text !== undefined);
  return parts.length === 0 ? undefined : parts.join(" ");
}
