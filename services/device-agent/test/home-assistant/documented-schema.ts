import { z } from "zod";

/**
 * Home Assistant's device discovery as it documents it, as far as Weir uses it: each object takes the
 * keys of its page and no others. https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload,
 * sensor.mqtt, button.mqtt, number.mqtt; DEVICE_DISCOVERY_SCHEMA of its MQTT integration.
 */

const topic = z.string().regex(/^[^+#\0]+$/);
const template = z.string().regex(/\{\{.+\}\}/);

const entity = {
  qos: z.union([z.literal(0), z.literal(1), z.literal(2)]).optional(),
  /** Needed for each entity of a device. */
  unique_id: z.string().min(1),
  name: z.string().min(1),
  entity_category: z.enum(["config", "diagnostic"]).optional(),
};

const sensor = z.strictObject({
  ...entity,
  platform: z.literal("sensor"),
  device_class: z
    .enum(["data_size", "temperature", "duration", "humidity", "power", "voltage"])
    .optional(),
  expire_after: z.int().positive().optional(),
  state_class: z.enum(["measurement", "measurement_angle", "total", "total_increasing"]).optional(),
  suggested_display_precision: z.int().nonnegative().optional(),
  unit_of_measurement: z.string().optional(),
  value_template: template.optional(),
});

const button = z.strictObject({
  ...entity,
  platform: z.literal("button"),
  command_topic: topic,
  device_class: z.enum(["identify", "restart", "update"]).optional(),
  payload_press: z.string().optional(),
});

const number = z.strictObject({
  ...entity,
  platform: z.literal("number"),
  command_topic: topic,
  command_template: template.optional(),
  device_class: z.enum(["duration"]).optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  mode: z.enum(["auto", "box", "slider"]).optional(),
  step: z.number().min(0.001).optional(),
  unit_of_measurement: z.string().optional(),
  value_template: template.optional(),
});

const component = z.discriminatedUnion("platform", [sensor, button, number]);

/** What a payload on `<prefix>/device/<object_id>/config` must be. */
export const documentedDiscovery = z.strictObject({
  device: z.strictObject({
    /** At least one way to identify it. */
    identifiers: z.array(z.string()).min(1),
    name: z.string().optional(),
    manufacturer: z.string().optional(),
    model: z.string().optional(),
    sw_version: z.string().optional(),
  }),
  origin: z.strictObject({
    name: z.string(),
    sw_version: z.string().optional(),
    support_url: z.url().optional(),
  }),
  components: z.record(z.string(), component),
  availability_topic: topic.optional(),
  state_topic: topic.optional(),
});

/** The same where components are removed: each by its platform alone. */
export const documentedRemoval = documentedDiscovery.extend({
  components: z.record(
    z.string(),
    z.union([z.strictObject({ platform: z.enum(["sensor", "button", "number"]) }), component]),
  ),
});

/** What Home Assistant takes for a discovery topic. */
export const DOCUMENTED_TOPIC: RegExp = /^homeassistant\/device\/[a-zA-Z0-9_-]+\/config$/;
