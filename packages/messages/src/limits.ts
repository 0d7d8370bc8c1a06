/** The largest payload in bytes that publishers send, the broker accepts and the logger decodes: 256 KiB. */
export const PAYLOAD_BYTES_MAX = 262_144;

/** The largest |number| that is averaged. Beyond it a double no longer tells neighbours apart well enough to be a measurement. */
export const NUMBER_MAGNITUDE_MAX = 1e15;

/** The longest topic in bytes that MQTT can carry [MQTT-1.5.4]. */
export const TOPIC_BYTES_MAX = 65_535;
