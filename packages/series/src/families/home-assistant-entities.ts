import type { Path } from "../reading/path.ts";

/** A configuration, with its keys abbreviated or not. */
export type Config = Readonly<Record<string, unknown>>;

/** The keys that are read, by their abbreviations. Those of Home Assistant are many more. */
const SHORT: Readonly<Record<string, string>> = {
  components: "cmps",
  device: "dev",
  platform: "p",
  identifiers: "ids",
  state_topic: "stat_t",
  value_template: "val_tpl",
  state_value_template: "stat_val_tpl",
  state_template: "stat_tpl",
  unit_of_measurement: "unit_of_meas",
  device_class: "dev_cla",
  state_class: "stat_cla",
  payload_on: "pl_on",
  payload_off: "pl_off",
  state_on: "stat_on",
  state_off: "stat_off",
  state_locked: "stat_locked",
  state_unlocked: "stat_unlocked",
  state_open: "stat_open",
  state_closed: "stat_clsd",
  position_topic: "pos_t",
  position_template: "pos_tpl",
  brightness_state_topic: "bri_stat_t",
  brightness_value_template: "bri_val_tpl",
  percentage_state_topic: "pct_stat_t",
  percentage_value_template: "pct_val_tpl",
  current_temperature_topic: "curr_temp_t",
  current_temperature_template: "curr_temp_tpl",
  temperature_state_topic: "temp_stat_t",
  temperature_state_template: "temp_stat_tpl",
  current_humidity_topic: "curr_hum_t",
  current_humidity_template: "curr_hum_tpl",
};

/** What an entity reports on a topic. */
export interface Report {
  topic: string;
  template: string;
  /** Where it is not what the entity is named after. */
  name?: string;
  unit?: string;
  /** The keys of the words for 1 and for 0, those that are there counting, and the words that Home Assistant assumes. */
  words?: { one: readonly string[]; zero: readonly string[]; assumed: readonly [string, string] };
}

const STATE = { topic: "state_topic", template: "value_template" };
const ON_OFF = { one: ["payload_on"], zero: ["payload_off"], assumed: ["ON", "OFF"] } as const;
const SWITCHED = {
  one: ["state_on", "payload_on"],
  zero: ["state_off", "payload_off"],
  assumed: ["ON", "OFF"],
} as const;
const OPENED = {
  one: ["state_open"],
  zero: ["state_closed"],
  assumed: ["open", "closed"],
} as const;
const LOCKED = {
  one: ["state_locked"],
  zero: ["state_unlocked"],
  assumed: ["LOCKED", "UNLOCKED"],
} as const;
const POSITION = { topic: "position_topic", template: "position_template" };
const TEMPERATURES: readonly Report[] = [
  {
    topic: "current_temperature_topic",
    template: "current_temperature_template",
    name: "current temperature",
  },
  {
    topic: "temperature_state_topic",
    template: "temperature_state_template",
    name: "target temperature",
  },
];
const HUMIDITY: Report = {
  topic: "current_humidity_topic",
  template: "current_humidity_template",
  name: "current humidity",
  unit: "%",
};

/** Components that report numbers or states. */
export const REPORTS: ReadonlyMap<unknown, readonly Report[]> = new Map<unknown, readonly Report[]>(
  [
    ["sensor", [STATE]],
    ["number", [STATE]],
    ["binary_sensor", [{ ...STATE, words: ON_OFF }]],
    ["switch", [{ ...STATE, words: SWITCHED }]],
    ["siren", [{ topic: "state_topic", template: "state_value_template", words: SWITCHED }]],
    [
      "fan",
      [
        { topic: "state_topic", template: "state_value_template", words: ON_OFF },
        { topic: "percentage_state_topic", template: "percentage_value_template", name: "speed" },
      ],
    ],
    [
      "light",
      [
        { topic: "state_topic", template: "state_value_template", words: ON_OFF },
        {
          topic: "brightness_state_topic",
          template: "brightness_value_template",
          name: "brightness",
        },
      ],
    ],
    ["lock", [{ ...STATE, words: LOCKED }]],
    [
      "cover",
      [
        { ...STATE, words: OPENED },
        { ...POSITION, name: "position" },
      ],
    ],
    ["climate", [...TEMPERATURES, HUMIDITY]],
    ["water_heater", TEMPERATURES],
  ],
);
/** A light of the schema "json" reports all in one payload: the reports by path. */
export const JSON_LIGHT: ReadonlyMap<Path, Report> = new Map<Path, Report>([
  ["state", { ...STATE, words: ON_OFF }],
  ["brightness", { ...STATE, name: "brightness" }],
]);

const TEXT_LENGTH_MAX = 256;

/** A field under its name or its abbreviation. */
export function fieldOf(config: Config, name: string): unknown {
  const short = SHORT[name];
  return config[name] ?? (short === undefined ? undefined : config[short]);
}

/** The same, where it is text of a usual length. */
export function textOf(config: Config, name: string): string | undefined {
  const value = fieldOf(config, name);
  return typeof value === "string" && value !== "" && value.length <= TEXT_LENGTH_MAX
    ? value
    : undefined;
}
