import { describe, expect, test } from "@jest/globals";
import {
  FAMILIES,
  type Kind,
  type Metadata,
  type Reading,
  SeriesReader,
  type SourceMessage,
  StreamMemory,
} from "@weir/series";
import type { z } from "zod";
import { bytesOf, type Case, CORPORA, type expectedPoint } from "./corpora.ts";

const microsecondsOf = (time: string): number => Date.parse(time) * 1_000;

/** Reads the cases of a file one after the other. */
function readCases(cases: readonly Case[], families = FAMILIES): Reading[] {
  const memory = new StreamMemory();
  return cases.map((one, index) => {
    const reader = new SeriesReader({
      series: "auto",
      skewUs: 60_000_000,
      timeZone: one.timeZone,
      document: null,
      families,
    });
    const stored: SourceMessage = {
      topic: one.topic,
      payload: bytesOf(one.payload),
      receivedUs: microsecondsOf(one.received),
      retained: one.retained,
      observedUs: null,
    };
    return reader.read(stored, memory.at({ segment: "s", id: index + 1 }));
  });
}

/** What a reading says, in the form of the corpus. */
function shown(reading: Reading, one: Case): Record<string, unknown> {
  const own = (path: string): Metadata["about"] =>
    Object.assign(
      {},
      ...reading.metadata
        .filter((known) => known.topic === reading.topic && known.path === path)
        .map(({ about }) => about),
    );
  const points = reading.points.map(({ path, value, observedUs, kind }) => {
    const about = own(path);
    const more = { ...about, ...kindOf(about.kind ?? kind), ...timeOf(observedUs, reading) };
    return { path, point: Object.keys(more).length === 0 ? value : { value, ...more } };
  });
  const pointsByPath = Object.entries(Object.groupBy(points, ({ path }) => path)).map(
    ([path, group = []]) => {
      const [one, ...others] = group.map(({ point }) => point);
      return [path, others.length === 0 ? one : [one, ...others]];
    },
  );
  return {
    family: reading.family,
    topic: reading.topic,
    time: new Date(reading.observedUs / 1_000).toISOString(),
    points: Object.fromEntries(pointsByPath),
    ignored: pick(
      Object.fromEntries(reading.ignored.map(({ path, reason }) => [path, reason])),
      one.ignored ?? {},
    ),
    describes: pick(
      Object.fromEntries(
        reading.metadata.map((known) => [`${known.topic}#${known.path}`, known.about]),
      ),
      one.describes ?? {},
    ),
  };
}

function kindOf(kind: Kind | null | undefined): { kind?: Kind } {
  return kind === null || kind === undefined || kind === "gauge" ? {} : { kind };
}

function timeOf(observedUs: number, reading: Reading): { time?: string } {
  if (observedUs === reading.observedUs) return {};
  return { time: new Date(observedUs / 1_000).toISOString() };
}

/** Those entries of an object that another one names. */
function pick(all: Record<string, unknown>, named: object): Record<string, unknown> {
  return Object.fromEntries(Object.keys(named).map((key) => [key, all[key]]));
}

function wanted(one: Case, family: string): Record<string, unknown> {
  return {
    family: one.family ?? family,
    topic: one.seriesTopic ?? one.topic,
    time: new Date(one.time ?? one.received).toISOString(),
    points: Object.fromEntries(
      Object.entries(one.points).map(([path, expected]) => [
        path,
        Array.isArray(expected) ? expected.map(withIsoTime) : withIsoTime(expected),
      ]),
    ),
    ignored: one.ignored ?? {},
    describes: one.describes ?? {},
  };
}

function withIsoTime(point: z.infer<typeof expectedPoint>): unknown {
  if (typeof point === "number") return point;
  const { time, ...rest } = point;
  return time === undefined ? rest : { ...rest, time: new Date(time).toISOString() };
}

describe.each(CORPORA)("the corpus $file", ({ family, content: { cases } }) => {
  const readings = readCases(cases);

  test.each(cases.map((one, index) => ({ one, index })))("$one.about", ({ one, index }) => {
    const reading = readings[index] as Reading;
    expect(shown(reading, one)).toEqual(wanted(one, family));
  });
});

describe("the families", () => {
  test("say so where their series have topics of their own", () => {
    const found = CORPORA.flatMap(({ content: { cases } }) =>
      readCases(cases).filter(({ topic }, index) => topic !== cases[index]?.topic),
    );
    const saying = FAMILIES.filter(({ hasOwnTopics }) => hasOwnTopics).map(({ name }) => name);
    expect(new Set(found.map(({ family }) => family))).toEqual(new Set(saying));
  });

  test.each(FAMILIES.map(({ name }) => name))("%s has a corpus that auto reads wrong", (name) => {
    const own = CORPORA.filter(({ family }) => family === name);
    const withoutIt = FAMILIES.filter((family) => family.name !== name);
    const isWrong = own.some(({ content: { cases } }) =>
      readCases(cases, withoutIt).some((reading, index) => {
        const one = cases[index] as Case;
        const { family: _by, ...found } = shown(reading, one);
        const { family: _wantedBy, ...right } = wanted(one, name);
        return JSON.stringify(sorted(found)) !== JSON.stringify(sorted(right));
      }),
    );
    expect(isWrong).toBe(true);
  });
});

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, part]) => [key, sorted(part)]),
  );
}
