import { describe, expect, test } from "@jest/globals";
import { RequestFault } from "@weir/runtime";
import { indexFileOf } from "@weir/series";
import { openSegmentedStore } from "@weir/store";
import type { StoredStream } from "@weir/streams";
import {
  createTestContext,
  rowOf,
  START_US,
  type TemporaryFolder,
  temporaryFolder,
} from "@weir/testkit";
import { type StoredPast, Trials } from "../../src/trial/trials.ts";

const START_MS = START_US / 1_000;
const flowAbove = (above: number): string => `
flows:
  warm:
    nodes:
      warm: { type: threshold, series: "freezer#t", above: ${above} }
      show: { type: debug }
    wires: [warm.yes -> show]
`;
const REQUEST = {
  file: "freezer",
  text: flowAbove(5),
  flow: "warm",
  fromMs: START_MS,
  toMs: START_MS + 100_000,
};
const PATIENT = new AbortController().signal;

/** A value a second: 0 to 9, ten times. */
function storedPast(folder: TemporaryFolder): StoredPast {
  const place = { kind: "folder", folder: folder.file("home") } as const;
  const about = { decoder: { kind: "auto" }, timeZone: null, series: "auto" } as const;
  const stream: StoredStream = {
    name: "home",
    place,
    ...about,
    statistics: false,
    historyMs: null,
  };
  using store = openSegmentedStore({
    folder: place.folder,
    stream: "home",
    synchronous: "NORMAL",
    ballastBytes: 0,
    nowUs: START_US,
  });
  store.append(
    Array.from({ length: 100 }, (_, second) => ({
      ...rowOf("{}", START_US + second * 1_000_000),
      topic: "freezer",
      payload: Buffer.from(JSON.stringify({ t: second % 10 })),
      value: null,
      observedUs: null,
    })),
  );
  return {
    streams: [stream],
    indexFile: indexFileOf(folder.file("weir.db")),
    skewUs: 60_000_000,
    devicePrefixes: [],
  };
}

function openTrials(past: StoredPast): Trials {
  return new Trials(() => past, createTestContext().logger);
}

async function refusalOf(
  trying: Promise<unknown>,
): Promise<Pick<RequestFault, "status" | "problems">> {
  const error = await trying.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof RequestFault) return error;
  throw new Error("it is not refused", { cause: error });
}

describe("trials", () => {
  test("run in a process of their own, beside the version that is saved, one at a time", async () => {
    using folder = temporaryFolder();
    await using trials = openTrials(storedPast(folder));
    const trying = trials.try(REQUEST, flowAbove(9), PATIENT);
    expect(await refusalOf(trials.try(REQUEST, null, PATIENT))).toMatchObject({ status: 429 });
    const { events, asked, saved } = await trying;
    expect({ events, asked: asked.counts, saved: saved?.counts }).toEqual({
      events: 100,
      asked: { debug: 10 },
      saved: {},
    });
    expect((await trials.try(REQUEST, null, PATIENT)).saved).toBeNull();
  });

  test("say what is wrong with a text", async () => {
    using folder = temporaryFolder();
    await using trials = openTrials(storedPast(folder));
    const { status, problems } = await refusalOf(
      trials.try({ ...REQUEST, text: REQUEST.text.replace("above", "abvoe") }, null, PATIENT),
    );
    expect(status).toBe(400);
    expect(problems[0]?.problem).toMatch(/^freezer\.yaml:5: flows\.warm\.nodes\.warm/);
    const other = await refusalOf(trials.try({ ...REQUEST, flow: "warmm" }, null, PATIENT));
    expect(other.problems[0]?.problem).toBe(
      "freezer.yaml has no workflow warmm; did you mean warm?",
    );
  });

  test("end when the client has gone, and let the next one begin", async () => {
    using folder = temporaryFolder();
    await using trials = openTrials(storedPast(folder));
    const client = new AbortController();
    const trying = refusalOf(trials.try(REQUEST, null, client.signal));
    client.abort();
    expect(await trying).toMatchObject({ status: 503 });
    expect((await trials.try(REQUEST, null, PATIENT)).events).toBe(100);
  });
});
