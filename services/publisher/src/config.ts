import { NAME_RULE, nameProblem } from "@weir/protocol";
import {
  brokerConfig,
  brokerSettings,
  choice,
  type Environment,
  httpPortSetting,
  integer,
  processConfig,
  processSettings,
  type Rule,
  readSettings,
  section,
  text,
  topicSettings,
} from "@weir/runtime";

export const publisherSettings = {
  ...brokerSettings,
  ...topicSettings,
  ...section("Publisher", {
    PUBLISHER_INTERVAL_MIN_MS: integer({
      description: "Shortest pause between two readings, in milliseconds.",
      default: 1_000,
      min: 1,
      max: 86_400_000,
    }),
    PUBLISHER_INTERVAL_MAX_MS: integer({
      description: "Longest pause between two readings, in milliseconds.",
      default: 30_000,
      min: 1,
      max: 86_400_000,
    }),
    PUBLISHER_NUMBER_MIN: integer({
      description: "Smallest number that is published.",
      default: 1,
      min: -1_000_000_000,
      max: 1_000_000_000,
    }),
    PUBLISHER_NUMBER_MAX: integer({
      description: "Largest number that is published.",
      default: 100,
      min: -1_000_000_000,
      max: 1_000_000_000,
    }),
    PUBLISHER_ID: text({
      description: "Name of the publisher in receipts and in the ledger.",
      default: "publisher",
      allowed: NAME_RULE,
      problem: nameProblem,
    }),
    PUBLISHER_OUTBOX_FILE: text({
      description:
        "SQLite file of the messages that are not confirmed yet. Each publisher needs its own.",
      default: "data/publisher-outbox.db",
      allowed: "a path",
    }),
    PUBLISHER_CONFIRM: choice({
      description:
        "receipt: a reading leaves the outbox when a logger has stored it. puback: when the broker has it, for brokers without Weir's logger.",
      default: "receipt",
      of: ["receipt", "puback"],
    }),
    PUBLISHER_HTTP_PORT: httpPortSetting(9_101),
  }),
  ...processSettings,
};

type NumberSetting = `PUBLISHER_${"INTERVAL" | "NUMBER"}_${string}` &
  keyof typeof publisherSettings;

function ordered(low: NumberSetting, high: NumberSetting): Rule<typeof publisherSettings> {
  return {
    of: [low, high],
    problem: ({ [low]: min, [high]: max }) =>
      min <= max ? null : `${low}: ${min} is more than ${high} (${max}); make it at most that`,
  };
}

export type PublisherConfig = ReturnType<typeof readPublisherConfig>;

/** @throws ConfigurationFault naming every problem. */
export function readPublisherConfig(environment: Environment) {
  const values = readSettings(publisherSettings, environment, [
    ordered("PUBLISHER_INTERVAL_MIN_MS", "PUBLISHER_INTERVAL_MAX_MS"),
    ordered("PUBLISHER_NUMBER_MIN", "PUBLISHER_NUMBER_MAX"),
  ]);
  return {
    process: processConfig(values, values.PUBLISHER_HTTP_PORT),
    broker: brokerConfig(values),
    topic: values.TOPIC,
    outbox: {
      /** The publisher's name in receipts and in the ledger. */
      publisher: values.PUBLISHER_ID,
      file: values.PUBLISHER_OUTBOX_FILE,
      confirm: values.PUBLISHER_CONFIRM,
    },
    /** The pause between two readings is random within these bounds, both included. */
    intervalMs: { min: values.PUBLISHER_INTERVAL_MIN_MS, max: values.PUBLISHER_INTERVAL_MAX_MS },
    /** Each reading is a random whole number within these bounds, both included. */
    number: { min: values.PUBLISHER_NUMBER_MIN, max: values.PUBLISHER_NUMBER_MAX },
  };
}
