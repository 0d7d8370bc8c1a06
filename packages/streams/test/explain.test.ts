import { expect, test } from "@jest/globals";
import { openSegmentedStore } from "@weir/store";
import { explain, explainedAsJson, type StoredStream } from "@weir/streams";
import { rowOf, START_US, type TemporaryFolder, temporaryFolder } from "@weir/testkit";

const SECOND_US = 1_000_000;

/** A stream with some payloads of the topic plug, a second apart. */
function storedStream(folder: TemporaryFolder, name: string, payloads: string[]): StoredStream {
  const path = folder.file(name);
  const nowUs = START_US;
  using store = openSegmentedStore({ folder: path, stream: name, synchronous: "NORMAL", nowUs });
  store.append(
    payloads.map((text, index) => ({
      ...rowOf("{}", START_US + index * SECOND_US + 1),
      topic: "plug",
      payload: Buffer.from(text),
      value: null,
      observedUs: null,
    })),
  );
  const place = { kind: "folder", folder: path } as const;
  const settings = { timeZone: null, series: "auto", statistics: false, historyMs: null } as const;
  return { name, place, decoder: { kind: "auto" }, ...settings };
}

test("the newest payloads of every stream with the topic are explained, as objects and as JSON", () => {
  using folder = temporaryFolder();
  const streams = [
    storedStream(folder, "home", ['{"power":40}', '{"power":41}', '{"power":42,"note":"spring"}']),
    storedStream(folder, "attic", ["7"]),
    storedStream(folder, "cellar", []),
  ];
  const source = { streams, indexFile: folder.file("index.db"), skewUs: 0 };
  const explained = explain(source, ["plug"], 2);
  expect(explained.map(({ stream }) => stream)).toEqual(["home", "home", "attic"]);
  expect(explained.map(explainedAsJson).at(1)).toMatchObject({
    topic: "plug",
    received: "2026-01-01T00:00:02.000001Z",
    time: "2026-01-01T00:00:02.000001Z",
    timeSource: "reception",
    family: "auto",
    series: [{ series: "home:plug#power", value: 42, kind: "gauge" }],
    ignored: [{ path: "note", reason: "text" }],
  });
  expect(explain(source, ["other"], 2)).toEqual([]);
});
