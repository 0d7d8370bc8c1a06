import { execFileSync } from "node:child_process";
import { truncateSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { temporaryFolder } from "@weir/testkit";
import { source as replay } from "../../src/sources/replay.ts";
import type { Sample } from "../../src/sources/source.ts";
import { openSource, problemsWith, read } from "./fixture.ts";

interface Replayed {
  attributes: string[];
  samples: Sample[];
}

/** The first samples of a recording, and the errors in between as text. */
async function replayed(
  file: string,
  text: string,
  options: object = {},
  count = 3,
): Promise<Replayed> {
  using folder = temporaryFolder();
  writeFileSync(folder.file(file), text);
  using source = openSource(replay, { file, ...options }, { base: folder.path });
  const samples: Sample[] = [];
  for (let index = 0; index < count; index += 1) samples.push(await read(source));
  return { attributes: source.attributes.map(({ name }) => name), samples };
}

const exported = (payload: object | string, topic = "DATA", value: number | null = null): string =>
  JSON.stringify({
    reception_timestamp: 1_800_000_000_000_000,
    topic,
    payload: typeof payload === "string" ? payload : JSON.stringify(payload),
    outcome: "reading",
    value,
  });

describe("a recording", () => {
  test("of numbers, one a line, is measured in order, and again from its beginning", async () => {
    const { attributes, samples } = await replayed("numbers.txt", "1.5\r\n-2\n\n+.25\n", {}, 5);
    expect(attributes).toEqual(["it"]);
    expect(samples).toEqual([{ it: 1.5 }, { it: -2 }, { it: 0.25 }, { it: 1.5 }, { it: -2 }]);
  });

  test("is read without a byte order mark and NULs, in front of it and in what was recorded", async () => {
    const numbers = await replayed("numbers.txt", "\uFEFF1.5\n-2\n\0\0", { loop: false });
    expect(numbers.samples).toEqual([{ it: 1.5 }, { it: -2 }, {}]);
    const text = exported('\uFEFF{"number":7}\0');
    expect((await replayed("recorded.jsonl", text)).samples[0]).toEqual({ it: 7 });
  });

  test("ends where it is not to begin again", async () => {
    const { samples } = await replayed("numbers.txt", "1\n2", { loop: false }, 4);
    expect(samples).toEqual([{ it: 1 }, { it: 2 }, {}, {}]);
  });

  test("of readings has their numbers, as exported JSON lines", async () => {
    const lines = [
      exported({ number: 42, epochtime: "1795207143" }),
      exported({ number: "43.123456" }),
      exported("21"),
    ];
    const { samples } = await replayed("data.jsonl", lines.join("\n"));
    expect(samples).toEqual([{ it: 42 }, { it: 43.123 }, { it: 21 }]);
  });

  test("of payloads that only their decoder could read has what that found", async () => {
    const line = JSON.stringify({ topic: "DATA", payloadBase64: "wwE=", value: 8.5 });
    const { samples } = await replayed("data.jsonl", line, {}, 1);
    expect(samples).toEqual([{ it: 8.5 }]);
  });

  test("of states has the attributes that are named, under their names", async () => {
    const lines = [
      exported({ data: { walk: 1, noise: 5 }, time: 1 }, "devices/a/state"),
      exported({ data: { noise: 6, other: 7 }, time: 2 }, "devices/a/state"),
      exported({ data: { other: 8 }, time: 3 }, "devices/a/state"),
      exported({ data: { walk: 99 }, time: 4 }, "devices/b/state"),
      exported({ data: { walk: 2 }, time: 5 }, "devices/a/state"),
    ];
    const options = { attributes: ["walk", "noise"], topic: "devices/a/state" };
    const { attributes, samples } = await replayed("devices.jsonl", lines.join("\n"), options, 4);
    expect(attributes).toEqual(["walk", "noise"]);
    expect(samples).toEqual([
      { walk: 1, noise: 5 },
      { noise: 6 },
      { walk: 2 },
      { walk: 1, noise: 5 },
    ]);
  });

  test("of states may be exported CSV, with quotes and line breaks in them", async () => {
    const text = [
      "reception_timestamp,received,topic,payload,encoding,qos,retained,outcome,value,observed",
      '1,2026,devices/a/state,"{""data"":{""walk"":1.5}}",utf-8,1,false,message,,',
      '2,2026,devices/a/state,"{""data"":',
      '{""walk"":2.5}}",utf-8,1,false,message,,',
      '3,2026,"a ""quoted"", one","{""data"":{""walk"":9}}",utf-8,1,false,message,,',
    ].join("\r\n");
    const options = { attributes: ["walk"], topic: "devices/a/state" };
    const { samples } = await replayed("devices.csv", text, options);
    expect(samples).toEqual([{ walk: 1.5 }, { walk: 2.5 }, { walk: 1.5 }]);
  });

  test("of readings may be exported CSV", async () => {
    const text =
      'reception_timestamp,topic,payload,value\r\n1,DATA,"{""number"":4}",4\r\n2,DATA,wwE=,5.5\r\n';
    expect((await replayed("data.CSV", text, {}, 2)).samples).toEqual([{ it: 4 }, { it: 5.5 }]);
  });

  test("may be CSV of any columns, or of one", async () => {
    const weather = "\uFEFFtime,indoor,outdoor\n1,20.5,3\n2,,4\n,21,\n";
    const both = await replayed("weather.csv", weather, { attributes: ["outdoor", "indoor"] });
    expect(both.samples).toEqual([{ outdoor: 3, indoor: 20.5 }, { outdoor: 4 }, { indoor: 21 }]);
    const indoor = await replayed("weather.csv", weather, { attributes: ["indoor"] }, 2);
    expect(indoor.samples).toEqual([{ indoor: 20.5 }, { indoor: 21 }]);
    expect((await replayed("one.csv", "heat\n7\n8\n", {}, 2)).samples).toEqual([
      { it: 7 },
      { it: 8 },
    ]);
    expect((await replayed("bare.csv", "7\n8\n", {}, 2)).samples).toEqual([{ it: 7 }, { it: 8 }]);
  });

  test("may be objects with a number each", async () => {
    const { samples } = await replayed(
      "own.jsonl",
      '{"number":1}\n{"data":{"x":2},"number":3}\n',
      {},
      2,
    );
    expect(samples).toEqual([{ it: 1 }, { it: 3 }]);
  });
});

describe("bad lines", () => {
  test("are skipped, and reported once, with their number and the first of them", async () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file("mixed.txt"), '1\nhot\n{"number":\n[1]\ntrue\n1e999\n2\n');
    using source = openSource(replay, { file: "mixed.txt" }, { base: folder.path });
    await expect(read(source)).rejects.toThrow(
      `${folder.file("mixed.txt")} without a number are skipped: 5, the first is line 2`,
    );
    expect([await read(source), await read(source), await read(source)]).toEqual([
      { it: 1 },
      { it: 2 },
      { it: 1 },
    ]);
  });

  test("are reported when a quote is missing; after a million characters the rest is read", async () => {
    using folder = temporaryFolder();
    const rows = ["a,b", "1,2", '"3,4', ..."5,6 ".repeat(300_000).split(" "), '7,"8"'];
    writeFileSync(folder.file("torn.csv"), rows.join("\n"));
    using source = openSource(
      replay,
      { file: "torn.csv", attributes: ["b"], loop: false },
      { base: folder.path },
    );
    await expect(read(source)).rejects.toThrow("1, the first is line 3");
    expect(await read(source)).toEqual({ b: 2 });
    expect(await read(source)).toEqual({ b: 6 });
  });

  test("are those of an open quote to the end of the file", async () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file("torn.csv"), 'a,b\n1,2\n"3,4\n5,6\n');
    using source = openSource(
      replay,
      { file: "torn.csv", attributes: ["b"] },
      { base: folder.path },
    );
    await expect(read(source)).rejects.toThrow("1, the first is line 3");
    expect([await read(source), await read(source)]).toEqual([{ b: 2 }, { b: 2 }]);
  });
});

describe("a recording is refused that", () => {
  test.each([
    ["is not there", null, "ENOENT"],
    ["is empty", "", "has no number that can be replayed"],
    [
      "has no number",
      "warm\nhot\n",
      "has no number that can be replayed (lines that could not be used: 2)",
    ],
  ])("%s", (_, text, words) => {
    using folder = temporaryFolder();
    if (text !== null) writeFileSync(folder.file("r.txt"), text);
    const open = (): unknown => openSource(replay, { file: "r.txt" }, { base: folder.path });
    expect(open).toThrow(words);
    expect(open).toThrow(folder.file("r.txt"));
  });

  test("is larger than 64 MiB", () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file("r.txt"), "");
    truncateSync(folder.file("r.txt"), 64 * 2 ** 20 + 1);
    expect(() => openSource(replay, { file: folder.file("r.txt") })).toThrow("64 MiB");
  });

  test("has more than 2,000,000 numbers", () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file("r.txt"), "1\n".repeat(2_000_001));
    expect(() => openSource(replay, { file: folder.file("r.txt") })).toThrow(
      "more than 2000000 numbers",
    );
  });

  test("has no end, as devices and pipes", () => {
    using folder = temporaryFolder();
    expect(() => openSource(replay, { file: "/dev/zero" })).toThrow("it is not a file");
    expect(() => openSource(replay, { file: folder.path })).toThrow("cannot be replayed");
    execFileSync("sh", ["-c", `mkfifo "$0"`, folder.file("pipe")]);
    expect(() => openSource(replay, { file: folder.file("pipe") })).toThrow("it is not a file");
  });

  test("has nothing of the attribute or topic that is named", () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file("r.jsonl"), exported({ data: { walk: 1 } }, "devices/a/state"));
    const open = (options: object) => (): unknown =>
      openSource(replay, { file: folder.file("r.jsonl"), ...options });
    expect(open({ attributes: ["walks"] })).toThrow("no number that can be replayed");
    expect(open({ attributes: ["walk"], topic: "devices/b/state" })).toThrow(
      "could not be used: 0",
    );
  });
});

test.each([
  [{}, "file: it must be a path"],
  [{ file: "a", attributes: ["a b"] }, "attributes.0: a name is 1 to 64 letters"],
  [{ file: "a", loop: "yes" }, "loop: it must be true or false"],
  [{ file: "a", format: "csv" }, ': Unrecognized key: "format"'],
])("options %j are refused: %s", (options, problem) => {
  expect(problemsWith(replay, options)[0]).toContain(problem);
});
