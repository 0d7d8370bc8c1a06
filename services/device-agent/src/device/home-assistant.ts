import { type DeviceAddress, deviceTopics } from "@weir/protocol";
import { type DeviceCommand, parsePayload } from "../commands/command.ts";
import type { Attribute } from "../sources/source.ts";

export interface DeviceDescription {
  address: DeviceAddress;
  sensors: readonly SensorDescription[];
  commands: readonly DeviceCommand[];
  /** What `change_send_interval` may set, in seconds. */
  intervalSeconds: { min: number; max: number };
}

export interface SensorDescription {
  attribute: Attribute;
  /** After so long without a state Home Assistant shows the value as unavailable. */
  expireAfterSeconds: number;
}

/** The name of the command that Home Assistant shows as a number. */
const INTERVAL_COMMAND = "change_send_interval";
/** A command whose result Home Assistant would not show. */
const WITHOUT_BUTTON: ReadonlySet<string> = new Set(["describe"]);

/** A discovery payload. */
export interface DiscoveryPayload {
  /** By their names in the payload, which stay the same. */
  components: Readonly<Record<string, Component>>;
  [key: string]: unknown;
}

/** An entity of Home Assistant. */
interface Component {
  platform: string;
  unique_id: string;
  /** Of its states, availability and commands. Home Assistant up to 2026.5.1 passes over one at the root. */
  qos: 1;
  [key: string]: unknown;
}

/**
 * Home Assistant's device discovery payload, in its long names
 * (https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload): a sensor for each
 * attribute, a button for each command that needs no payload, a number for the interval.
 */
export function discoveryPayload(device: DeviceDescription): DiscoveryPayload {
  const { address, sensors, commands } = device;
  const { state, availability } = deviceTopics(address);
  const components: Record<string, Component> = {};
  for (const sensor of sensors) {
    components[`attribute_${sensor.attribute.name}`] = sensorOf(sensor, address);
  }
  for (const command of commands.filter(needsNoPayload)) {
    components[`command_${command.name}`] = buttonOf(command, device);
  }
  if (commands.some(({ name }) => name === INTERVAL_COMMAND)) {
    components.interval = intervalOf(device);
  }
  return {
    device: {
      identifiers: [uniqueId(address)],
      name: address.id,
      manufacturer: "Weir",
      model: "device agent",
    },
    origin: { name: "Weir" },
    availability_topic: availability,
    state_topic: state,
    components,
  };
}

function sensorOf(
  { attribute, expireAfterSeconds }: SensorDescription,
  address: DeviceAddress,
): Component {
  const { name, label, unit, decimals, deviceClass } = attribute;
  return {
    platform: "sensor",
    qos: 1,
    unique_id: uniqueId(address, "attribute", name),
    name: inWords(label),
    state_class: "measurement",
    ...(unit === null ? {} : { unit_of_measurement: unit }),
    ...(deviceClass === null ? {} : { device_class: deviceClass }),
    suggested_display_precision: decimals,
    // A state holds only what has changed; Home Assistant ignores an empty value of a number. Any state renews
    // `expire_after`, so a stale value becomes None, which it shows as unknown. With `get`, because a subscript
    // would also find the methods of a Python dict: items, values.
    value_template: `{{ 'None' if '${name}' in value_json.get('stale', []) else value_json.data.get('${name}', '') }}`,
    expire_after: expireAfterSeconds,
  };
}

function buttonOf(
  { name, label, endsProcess }: DeviceCommand,
  { address }: DeviceDescription,
): Component {
  return {
    platform: "button",
    qos: 1,
    unique_id: uniqueId(address, "command", name),
    name: label ?? inWords(name),
    command_topic: deviceTopics(address).command,
    payload_press: JSON.stringify({ name }),
    ...(endsProcess === true ? { device_class: "restart", entity_category: "config" } : {}),
  };
}

function intervalOf({ address, intervalSeconds }: DeviceDescription): Component {
  return {
    platform: "number",
    qos: 1,
    unique_id: uniqueId(address, "interval"),
    name: "Send interval",
    entity_category: "config",
    device_class: "duration",
    unit_of_measurement: "s",
    mode: "box",
    ...intervalSeconds,
    step: 1,
    command_topic: deviceTopics(address).command,
    command_template: `{"name":"${INTERVAL_COMMAND}","payload":{{ value }}}`,
    value_template: "{{ value_json.interval }}",
  };
}

/** Parses instead of asking the schema: the schema of a plugin may throw, which must not end the connection. */
function needsNoPayload(command: DeviceCommand): boolean {
  return !WITHOUT_BUTTON.has(command.name) && parsePayload(command, null).kind === "valid";
}

/** `report_now` becomes "Report now". */
function inWords(name: string): string {
  const words = name.replaceAll(/[._-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function uniqueId({ prefix, id }: DeviceAddress, ...parts: readonly string[]): string {
  return ["weir", prefix, id, ...parts].join(":");
}
