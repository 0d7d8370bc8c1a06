import type { InboundMessage, ReconnectingClient, Subscription } from "@weir/mqtt";
import { type DeviceAddress, deviceTopics, discoveryTopic, textOf } from "@weir/protocol";
import { type DeviceCommand, parsePayload } from "../commands/command.ts";
import type { Attribute } from "../sources/source.ts";

/** The payload of Home Assistant's status topic when it has started. */
const STARTED = "online";

/** Announces a device to Home Assistant, and again when Home Assistant has restarted. */
export class Discovery {
  readonly subscription: Subscription;
  #prefix: string;
  #describe: () => DeviceDescription;
  #client: Pick<ReconnectingClient, "publish"> | null = null;

  /** @param prefix Home Assistant's discovery prefix, usually `homeassistant`. */
  constructor(prefix: string, describe: () => DeviceDescription) {
    this.#prefix = prefix;
    this.#describe = describe;
    this.subscription = { filter: `${prefix}/status`, qos: 1 };
  }

  /** For the client's `onMessage`: whether the message was Home Assistant's status. */
  receive({ topic, payload }: InboundMessage): boolean {
    if (topic !== this.subscription.filter) return false;
    if (textOf(payload) === STARTED) this.refresh();
    return true;
  }

  connected(client: Pick<ReconnectingClient, "publish">): void {
    this.#client = client;
    this.refresh();
  }

  disconnected(): void {
    this.#client = null;
  }

  /** Announces the device again, after its description has changed. */
  refresh(): void {
    const device = this.#describe();
    const topic = discoveryTopic(this.#prefix, device.address.id);
    const payload = JSON.stringify(discoveryPayload(device));
    this.#client?.publish(topic, payload, { qos: 1, retain: true }).catch(() => {
      // The client logs why; the next connection announces it again.
    });
  }
}

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

/**
 * Home Assistant's device discovery payload, in its long names
 * (https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload): a sensor for each
 * attribute, a button for each command that needs no payload, a number for the interval.
 */
export function discoveryPayload(device: DeviceDescription): object {
  const { address, sensors, commands } = device;
  const { state, availability } = deviceTopics(address);
  const values = sensors.map((sensor) => [
    `attribute_${sensor.attribute.name}`,
    sensorOf(sensor, address),
  ]);
  const buttons = commands
    .filter(needsNoPayload)
    .map((command) => [`command_${command.name}`, buttonOf(command, device)]);
  const interval = commands.some(({ name }) => name === INTERVAL_COMMAND)
    ? [["interval", intervalOf(device)]]
    : [];
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
    qos: 1,
    components: Object.fromEntries([...values, ...buttons, ...interval]),
  };
}

function sensorOf(
  { attribute, expireAfterSeconds }: SensorDescription,
  address: DeviceAddress,
): object {
  const { name, label, unit, decimals, deviceClass } = attribute;
  return {
    platform: "sensor",
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
): object {
  return {
    platform: "button",
    unique_id: uniqueId(address, "command", name),
    name: label ?? inWords(name),
    command_topic: deviceTopics(address).command,
    payload_press: JSON.stringify({ name }),
    ...(endsProcess === true ? { device_class: "restart", entity_category: "config" } : {}),
  };
}

function intervalOf({ address, intervalSeconds }: DeviceDescription): object {
  return {
    platform: "number",
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
