import type { InboundMessage, ReconnectingClient, Subscription } from "@weir/mqtt";
import { type DeviceAddress, deviceTopics, discoveryTopic, textOf } from "@weir/protocol";
import type { DeviceCommand } from "./commands/command.ts";
import { parsePayload } from "./payload/payload.ts";
import type { Attribute } from "./sources/source.ts";

interface DiscoveryOptions {
  /** Home Assistant's discovery prefix, usually `homeassistant`. */
  prefix: string;
  /** What the device is like now. */
  describe: () => DeviceDescription;
}

/** Makes a device known to Home Assistant, and again whenever that has restarted. */
export interface Discovery {
  subscription: Subscription;
  /** For the client's `onMessage`; true when the message was Home Assistant's status. */
  receive(message: InboundMessage): boolean;
  connected(client: Pick<ReconnectingClient, "publish">): void;
  disconnected(): void;
  /** Tells it anew, after something of it has changed. */
  refresh(): void;
}

const BORN = "online";

export function createDiscovery({ prefix, describe }: DiscoveryOptions): Discovery {
  const statusTopic = `${prefix}/status`;
  let client: Pick<ReconnectingClient, "publish"> | null = null;

  function tell(): void {
    const device = describe();
    const payload = JSON.stringify(discoveryPayload(device));
    client
      ?.publish(discoveryTopic(prefix, device.address.id), payload, { qos: 1, retain: true })
      .catch(() => {
        // The client says why; the next connection tells it again.
      });
  }

  return {
    subscription: { filter: statusTopic, qos: 1 },
    receive: ({ topic, payload }) => {
      if (topic !== statusTopic) return false;
      if (textOf(payload) === BORN) tell();
      return true;
    },
    connected: (connected) => {
      client = connected;
      tell();
    },
    disconnected: () => {
      client = null;
    },
    refresh: tell,
  };
}

/** What Home Assistant is told of a device. */
export interface DeviceDescription {
  address: DeviceAddress;
  sensors: readonly SensorDescription[];
  /** What it obeys. */
  commands: readonly DeviceCommand[];
  /** What `change_send_interval` may set, in seconds. */
  intervalSeconds: { min: number; max: number };
}

/** One attribute, as Home Assistant is told of it. */
export interface SensorDescription {
  attribute: Attribute;
  /** After so long without any state Home Assistant shows its value as unavailable. */
  expireAfterSeconds: number;
}

/** The name of the command that Home Assistant shows as a number. */
const INTERVAL_COMMAND = "change_send_interval";
/** Answers that nobody in Home Assistant would see. */
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
    // A state holds what has changed, and Home Assistant passes over an empty value of a number. But any state
    // renews `expire_after`, so of what is stale it is told None, which it shows as unknown. By `get`, because
    // a subscript finds what every object of Python has: items, values.
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

/** The schema may be of the user's own making: one that throws must not end the connection. */
function needsNoPayload(command: DeviceCommand): boolean {
  return !WITHOUT_BUTTON.has(command.name) && parsePayload(command, null).kind === "sound";
}

/** `report_now` is "Report now" to people. */
function inWords(name: string): string {
  const words = name.replaceAll(/[._-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function uniqueId({ prefix, id }: DeviceAddress, ...parts: readonly string[]): string {
  return ["weir", prefix, id, ...parts].join(":");
}
