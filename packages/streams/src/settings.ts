import { integer, section, text } from "@weir/config";
import { filterProblem } from "@weir/topics";

/** What the environment says of streams. The rest is in weir.yaml. */
export const streamSettings = section("Streams", {
  WEIR_FILE: text({
    description:
      "File of the streams and brokers; without one there are the streams data and devices.",
    default: "config/weir.yaml",
    allowed: "a path",
  }),
  DEVICE_TOPIC_PREFIXES: text({
    description: "First levels of the topics of devices, which the stream devices takes.",
    default: "devices,losant",
    allowed: "names separated by commas",
    problem: (list) =>
      prefixesOf(list)
        .map((prefix) => filterProblem(`${prefix}/#`))
        .find((one) => one !== null) ?? null,
  }),
  LOGGER_RETENTION_MINUTES: integer({
    description:
      "How long the stream data keeps readings, in minutes; at least the longest window and the clock skew.",
    default: 35,
    min: 1,
    max: 5_256_000,
  }),
  LOGGER_CLOCK_SKEW_SECONDS: integer({
    description:
      "How far in the future a reading's time may lie, in seconds, before its time of reception is used instead.",
    default: 60,
    min: 0,
    max: 3_600,
  }),
  LOGGER_BATCH_ROWS_MAX: integer({
    description: "Messages that are committed together at most.",
    default: 2_000,
    min: 1,
    max: 50_000,
  }),
  LOGGER_BATCH_DELAY_MS: integer({
    description:
      "How long a message may wait for others before it is committed, in milliseconds; where many come, they wait for a third of it.",
    default: 160,
    min: 0,
    max: 10_000,
  }),
});

/** The prefixes in a list that is separated by commas. */
export function prefixesOf(list: string): string[] {
  return list
    .split(",")
    .map((prefix) => prefix.trim())
    .filter((prefix) => prefix !== "");
}
