import {
  type DecodeTimes,
  decodeDocument,
  decodeJsonPayload,
  decodeStateDocument,
  outcomeOf,
} from "@weir/protocol";
import type { Catalogue } from "@weir/series";
import { type NewRow, openSegmentedStore, type SegmentedStore } from "@weir/store";
import { openSeriesReader } from "@weir/streams";
import { rowOf, START_US } from "@weir/testkit";
import { SeriesFollower } from "../src/series-follower.ts";
import type { Moment } from "../src/series-set.ts";
import { deviceTopics } from "../src/series-topics.ts";

export const SECOND_US = 1_000_000;
export const SKEW_US = 60 * SECOND_US;

export function openDevices(folder: string, nowUs: number = START_US): SegmentedStore {
  return openSegmentedStore({ folder, stream: "devices", synchronous: "NORMAL", nowUs });
}

/** Values in a state that are written as they are, without quotes: `NaN` stands for what JSON lacks. */
export const NON_FINITE = ["NaN", "-nan", "inf", "-Infinity"] as const;
const WRITTEN_BARE = new RegExp(`"(${NON_FINITE.join("|")})"`, "g");

/** A device's state as the logger stores it. */
export function stateRow(given: {
  receivedUs: number;
  /** Default `devices/kitchen/state`. */
  topic?: string;
  data: object;
  /** Default the time of reception. */
  time?: unknown;
  isRetained?: boolean;
  /** Which decoder has read it; only `device` finds its time. Default `device`. */
  decoder?: "device" | "json";
  /** Before and behind its text. */
  marks?: readonly [before: string, behind: string];
  timeZone?: string;
}): NewRow {
  const { receivedUs, topic = "devices/kitchen/state", data, isRetained = false } = given;
  const { decoder = "device", marks = ["", ""], timeZone = "UTC" } = given;
  const time = "time" in given ? given.time : receivedUs / 1_000;
  const text = JSON.stringify({ data, time }).replace(WRITTEN_BARE, "$1");
  const payload = Buffer.from(marks.join(text));
  const times: DecodeTimes = { receivedUs, skewUs: SKEW_US, timeZone };
  const decode = decoder === "device" ? decodeStateDocument : decodeDocument;
  const { outcome, observedUs } = decodeJsonPayload(payload, times, decode);
  const row = { ...rowOf("{}", receivedUs), topic, payload, retained: isRetained, value: null };
  return isRetained
    ? { ...row, outcome: outcomeOf("retained").code, observedUs: null }
    : { ...row, outcome: outcome.code, observedUs };
}

export const PREFIXES = ["devices", "losant"];

/** Follows the stream of devices' states in a folder, as stats does. */
export function followDevices(
  given: {
    folder: string;
    catalogue: Catalogue;
    moment: () => Moment;
    /** `null` for no statistics. Default 10. */
    seriesMax?: number | null;
  } & Partial<
    Pick<
      ConstructorParameters<typeof SeriesFollower>[0],
      "history" | "deletions" | "onAdded" | "onSkipped" | "onRestarted" | "onForgotten"
    >
  >,
): SeriesFollower {
  const { folder, seriesMax = 10, ...rest } = given;
  const place = { kind: "folder", folder } as const;
  const stream = {
    name: "devices",
    place,
    decoder: { kind: "device" },
    timeZone: null,
    series: "auto",
    statistics: false,
    historyMs: null,
  } as const;
  return new SeriesFollower({
    name: stream.name,
    place,
    reader: openSeriesReader(stream, SKEW_US),
    statistics: seriesMax === null ? null : { topicOf: deviceTopics("STATS", PREFIXES), seriesMax },
    history: null,
    skewUs: SKEW_US,
    onAdded: () => {},
    onSkipped: () => {},
    onRestarted: () => {},
    onForgotten: () => {},
    ...rest,
  });
}
