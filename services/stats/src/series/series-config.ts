import { nameProblem } from "@weir/protocol";
import {
  ConfigurationFault,
  type Environment,
  integer,
  readSettings,
  section,
  staleAfterSeconds,
  statisticsSettings,
  text,
  topicSettings,
} from "@weir/runtime";
import type { StreamPlace } from "@weir/store";
import { readStoredStreams } from "@weir/streams";
import type { StateRules } from "./series-follower.ts";
import { type SeriesPace, slowTickMs } from "./series-publisher.ts";

/** Which series there are statistics of, and how they are published. */
export interface SeriesConfig extends StateRules {
  place: StreamPlace;
  /** Before the device and the attribute. */
  topic: string;
  seriesMax: number;
  pace: SeriesPace;
}

/** What stands in place of a stream's name. */
const NONE = "none";

export const seriesSettings = section("Statistics", {
  STATS_SERIES_STREAM: text({
    description:
      "Stream of the devices' states, whose attributes get statistics each on STATS_TOPIC/<device>/<attribute>; none for no such statistics.",
    default: "devices",
    allowed: "the name of a stream, or none",
    problem: nameProblem,
  }),
  STATS_SERIES_MAX: integer({
    description:
      "Attributes of devices that statistics are kept of at most. A place is free again half an hour after the last reading.",
    default: 2_000,
    min: 1,
    max: 20_000,
  }),
  STATS_SERIES_INTERVAL_MS: integer({
    description:
      "Shortest pause between two publications of the same attribute's statistics, in milliseconds.",
    default: 1_000,
    min: 10,
    max: 600_000,
  }),
  STATS_SERIES_RATE_MAX: integer({
    description:
      "Publications of attributes' statistics a second, over all of them; what has waited longest comes first.",
    default: 100,
    min: 1,
    max: 10_000,
  }),
});

const settings = { ...topicSettings, ...statisticsSettings, ...seriesSettings };

/**
 * @returns `null` when there are to be none.
 * @throws ConfigurationFault for settings, for weir.yaml, and for a stream that cannot be followed.
 */
export function readSeriesConfig(environment: Environment): SeriesConfig | null {
  const values = readSettings(settings, environment);
  const name = values.STATS_SERIES_STREAM;
  if (name === NONE) return null;
  const { streams, devicePrefixes, skewUs } = readStoredStreams(environment);
  const stream = streams.find((one) => one.name === name);
  if (stream === undefined) {
    // Who switches the usual stream off has no devices; one that was asked for is missed.
    if (!environment.STATS_SERIES_STREAM?.trim()) return null;
    const names = streams.map((one) => one.name).join(", ");
    throw wrongStream(name, `is not a stream; the streams are ${names}, or none`);
  }
  if (stream.place.kind === "file") {
    throw wrongStream(name, "is one file, which STATS follows; name one that rotates, or none");
  }
  const pace = {
    slowTickMs: values.STATS_SLOW_TICK_SECONDS * 1_000,
    rateMax: values.STATS_SERIES_RATE_MAX,
  };
  const longestTickMs = slowTickMs(values.STATS_SERIES_MAX, pace);
  return {
    place: stream.place,
    prefixes: devicePrefixes,
    skewUs,
    topic: values.STATS_TOPIC,
    seriesMax: values.STATS_SERIES_MAX,
    pace: {
      ...pace,
      intervalMs: values.STATS_SERIES_INTERVAL_MS,
      expirySeconds: staleAfterSeconds({
        STATS_SLOW_TICK_SECONDS: Math.ceil(longestTickMs / 1_000),
      }),
    },
  };
}

function wrongStream(name: string, words: string): ConfigurationFault {
  return new ConfigurationFault([`STATS_SERIES_STREAM: ${JSON.stringify(name)} ${words}`]);
}
