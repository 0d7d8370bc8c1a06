import { describe, expect, test } from "@jest/globals";
import { discoveryTopic, parseCommand } from "@weir/protocol";
import { z } from "zod";
import type { DeviceCommand } from "../../src/commands/command.ts";
import { type DeviceDescription, discoveryPayload } from "../../src/device/home-assistant.ts";
import { DOCUMENTED_TOPIC, documentedDiscovery } from "./documented-schema.ts";

const ADDRESS = { prefix: "devices", id: "kitchen" };

function commandOf(name: string, payload: z.ZodType, endsProcess = false): DeviceCommand {
  return { name, summary: name, payload, endsProcess, run: async () => null };
}

const KITCHEN: DeviceDescription = {
  address: ADDRESS,
  sensors: [
    {
      attribute: {
        name: "drive-space-used",
        label: "Drive space used",
        unit: "GB",
        range: { min: 0, max: null },
        decimals: 3,
        deviceClass: "data_size",
      },
      expireAfterSeconds: 900,
    },
    {
      attribute: {
        name: "walk",
        label: "walk",
        unit: null,
        range: { min: 0, max: 28.91 },
        decimals: 3,
        deviceClass: null,
      },
      expireAfterSeconds: 30,
    },
  ],
  commands: [
    commandOf("add_1gb_file", z.null()),
    commandOf("change_send_interval", z.number()),
    commandOf("describe", z.null()),
    commandOf("restart", z.null(), true),
  ],
  intervalSeconds: { min: 10, max: 86_400 },
};

function componentsOf(device: DeviceDescription) {
  return documentedDiscovery.parse(discoveryPayload(device)).components;
}

describe("Home Assistant's discovery", () => {
  test("is what Home Assistant documents, field by field", () => {
    expect(documentedDiscovery.parse(discoveryPayload(KITCHEN))).toEqual(discoveryPayload(KITCHEN));
    expect(discoveryTopic("homeassistant", ADDRESS.id)).toMatch(DOCUMENTED_TOPIC);
  });

  test("has QoS 1 in each component, where Home Assistant reads it", () => {
    for (const component of Object.values(componentsOf(KITCHEN))) expect(component.qos).toBe(1);
  });

  test("shows each attribute as a sensor with its unit and class", () => {
    const components = componentsOf(KITCHEN);
    expect(components["attribute_drive-space-used"]).toMatchObject({
      platform: "sensor",
      name: "Drive space used",
      unit_of_measurement: "GB",
      device_class: "data_size",
      value_template:
        "{{ 'None' if 'drive-space-used' in value_json.get('stale', []) else value_json.data.get('drive-space-used', '') }}",
      expire_after: 900,
    });
    expect(components.attribute_walk).not.toHaveProperty("unit_of_measurement");
    expect(components.attribute_walk?.name).toBe("Walk");
  });

  test("has each sensor expect a number: then 'None' is unknown, and an empty value is passed over", () => {
    const sensors = Object.values(componentsOf(KITCHEN)).filter(
      ({ platform }) => platform === "sensor",
    );
    expect(sensors).toHaveLength(KITCHEN.sensors.length);
    for (const sensor of sensors) {
      expect(sensor).toMatchObject({ state_class: "measurement", suggested_display_precision: 3 });
    }
  });

  test("has no button for a command whose own check of its payload fails or waits", () => {
    const failing = z.unknown().refine(() => {
      throw new Error("no such register");
    });
    const waiting = z.unknown().refine(async () => true);
    const commands = [commandOf("open_gate", failing), commandOf("close_gate", waiting)];
    const components = componentsOf({ ...KITCHEN, commands });
    expect(Object.keys(components).filter((key) => key.startsWith("command_"))).toEqual([]);
  });

  test("has a button for what needs no payload, which presses a command that a device understands", () => {
    const components = componentsOf(KITCHEN);
    expect(Object.keys(components).filter((key) => key.startsWith("command_"))).toEqual([
      "command_add_1gb_file",
      "command_restart",
    ]);
    const button = components.command_add_1gb_file;
    if (button?.platform !== "button") throw new Error("there is no button");
    expect(button.command_topic).toBe("devices/kitchen/command");
    expect(parseCommand(Buffer.from(button.payload_press ?? ""))).toMatchObject({
      kind: "command",
      command: { name: "add_1gb_file", id: null, payload: null },
    });
  });

  test("has a number for the interval, whose template makes a command", () => {
    const { interval } = componentsOf(KITCHEN);
    if (interval?.platform !== "number") throw new Error("there is no number");
    expect(interval).toMatchObject({ min: 10, max: 86_400, unit_of_measurement: "s" });
    const rendered = (interval.command_template ?? "").replace("{{ value }}", "30");
    expect(parseCommand(Buffer.from(rendered))).toMatchObject({
      command: { name: "change_send_interval", payload: 30 },
    });
  });

  test("has no number where the interval cannot be changed", () => {
    expect(componentsOf({ ...KITCHEN, commands: [] })).not.toHaveProperty("interval");
  });

  test("gives devices whose ids differ by a dot their own topics and entities", () => {
    const dotted = { prefix: "devices", id: "a.b" };
    const underscored = { prefix: "devices", id: "a_b" };
    expect(discoveryTopic("homeassistant", dotted.id)).toMatch(DOCUMENTED_TOPIC);
    expect(discoveryTopic("homeassistant", dotted.id)).not.toBe(
      discoveryTopic("homeassistant", underscored.id),
    );
    const ids = [dotted, underscored].flatMap((address) =>
      Object.values(componentsOf({ ...KITCHEN, address })).map(({ unique_id }) => unique_id),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });
});
