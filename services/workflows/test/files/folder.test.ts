import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { StoredSeries } from "@weir/flows";
import { RequestFault } from "@weir/runtime";
import { canMountSmallDisk, createFakeClock, mountSmallDisk, temporaryFolder } from "@weir/testkit";
import { WorkflowFolder } from "../../src/files/folder.ts";

const LOOK_MS = 1_000;
const LAYOUT = { one: { a: { x: 10, y: 20 } } };

/** A file with workflows that show what reaches them. */
const withFlows = (...names: string[]): string =>
  `flows:\n${names.map((name) => `  ${name}: { nodes: { a: { type: debug } } }\n`).join("")}`;

function openFolder() {
  const place = temporaryFolder();
  const clock = createFakeClock();
  const folder = new WorkflowFolder(place.path, clock);
  return {
    folder,
    clock,
    path: place.path,
    write: (file: string, text: string) => writeFileSync(place.file(file), text),
    remove: (file: string) => rmSync(place.file(file)),
    names: () => folder.loaded.flows.map(({ name }) => name),
    [Symbol.dispose]: () => place[Symbol.dispose](),
  };
}

/** What a request is refused with. */
function refusal(ask: () => unknown): [number, string] {
  try {
    ask();
  } catch (error) {
    if (error instanceof RequestFault) return [error.status, error.message];
    throw error;
  }
  throw new Error("it was not refused");
}

describe("the folder of workflow files", () => {
  test("has notes on each file and text, which follow what is stored", () => {
    using place = temporaryFolder();
    const text =
      'flows: { one: { nodes: { a: { type: series, series: "t#x" }, b: { type: debug } }, wires: [a -> b] } }';
    writeFileSync(place.file("a.yaml"), text);
    let stored: StoredSeries | null = null;
    const folder = new WorkflowFolder(place.path, createFakeClock(), () => stored);
    folder.load();
    expect(folder.files()).toMatchObject([{ file: "a", problems: [], notes: [] }]);
    stored = new StoredSeries([], ["data"]);
    const words = expect.stringContaining("no stored series is t#x");
    const notes = [{ flow: "one", node: "a", line: 1, words }];
    expect(folder.files()).toMatchObject([{ file: "a", notes }]);
    expect(folder.read("a")).toMatchObject({ notes, problems: [], invalid: [] });
    expect(folder.check({ file: "a", text })).toMatchObject({ notes });
  });

  test("reads only files that have changed: a long one holds up nothing when another is saved", () => {
    using opened = openFolder();
    const { folder, write } = opened;
    write("a.yaml", withFlows("one"));
    write("b.yaml", withFlows("two"));
    const [one, two] = folder.load().flows;
    write("b.yaml", withFlows("two", "three"));
    const { flows } = folder.load();
    expect(flows.map(({ name }) => name)).toEqual(["one", "two", "three"]);
    expect(flows[0]).toBe(one);
    expect(flows[1]).not.toBe(two);
  });

  test("has the workflows of all files, and names what is wrong", () => {
    using opened = openFolder();
    const { folder, write, names } = opened;
    expect(folder.load()).toEqual({ files: [], flows: [], problems: [] });
    write("b.yaml", withFlows("two", "one"));
    write("a.yaml", withFlows("one"));
    write("broken.yaml", "flows:\n  x: { nodes: { a: { type: debog } } }\n");
    write("no name.yaml", withFlows("three"));
    write("c.yml", withFlows("four"));
    write("notes.txt", "text");
    const { files, problems } = folder.load();
    expect(names()).toEqual(["one", "two"]);
    expect(files.map(({ file, invalid }) => [file, invalid])).toEqual([
      ["a", []],
      ["b", []],
      ["broken", ["x"]],
    ]);
    expect(files[1]?.problems).toEqual([expect.stringContaining("a.yaml has a workflow of this")]);
    expect(files[2]?.problems).toEqual([expect.stringContaining("broken.yaml:2: ")]);
    expect(problems).toEqual([
      expect.stringContaining("rename it to c.yaml"),
      expect.stringContaining("no name.yaml: its name may have"),
    ]);
  });

  test("lets a workflow that has become wrong go on as it was, and says so", () => {
    using opened = openFolder();
    const { folder, write, names } = opened;
    write("a.yaml", withFlows("one", "two"));
    const [one] = folder.load().flows;
    for (const text of ["flows: [", "flows:\n  one: { nodes: { a: { type: debog } } }\n"]) {
      write("a.yaml", text);
      const { flows, files } = folder.load();
      expect(flows).toContain(one);
      expect(files[0]?.problems).toHaveLength(1);
    }
    expect(names()).toEqual(["one"]);
    rmSync(opened.path, { recursive: true });
    expect(folder.load().problems).toHaveLength(1);
    expect(names()).toEqual(["one"]);
  });

  test("is read again when a file has not changed for a second", () => {
    using opened = openFolder();
    const { folder, clock, write, names } = opened;
    folder.load();
    let calls = 0;
    {
      using _watch = folder.watch(() => {
        calls += 1;
      });
      write("a.yaml", withFlows("one"));
      clock.advance(LOOK_MS);
      write("a.yaml", withFlows("one", "two"));
      clock.advance(LOOK_MS);
      expect(calls).toBe(0);
      clock.advance(LOOK_MS);
      expect([calls, names()]).toEqual([1, ["one", "two"]]);
      opened.remove("a.yaml");
      clock.advance(2 * LOOK_MS);
      expect([calls, names()]).toEqual([2, []]);
      clock.advance(10 * LOOK_MS);
      expect(calls).toBe(2);
    }
    write("a.yaml", withFlows("one"));
    clock.advance(10 * LOOK_MS);
    expect(calls).toBe(2);
  });
});

describe("saving a workflow file", () => {
  test("is seen at once, with its layout, and leaves nothing else behind", () => {
    using opened = openFolder();
    const { folder, names } = opened;
    const seen: string[][] = [];
    using _watch = folder.watch(({ flows }) => seen.push(flows.map(({ name }) => name)));
    const text = withFlows("one");
    const saved = folder.save("a", { text, layout: LAYOUT, revision: null });
    expect(saved).toMatchObject({ file: "a", text, layout: LAYOUT, invalid: [], problems: [] });
    expect(folder.read("a")).toEqual(saved);
    expect([names(), seen]).toEqual([["one"], [["one"]]]);
    expect(readdirSync(opened.path).sort()).toEqual(["a.layout.json", "a.yaml"]);
    const { revision } = folder.save("a", { text, layout: {}, revision: saved.revision });
    expect(readdirSync(opened.path)).toEqual(["a.yaml"]);
    folder.remove("a", revision);
    expect([readdirSync(opened.path), names()]).toEqual([[], []]);
  });

  test("is refused when another one was saved meanwhile", () => {
    using opened = openFolder();
    const { folder, write } = opened;
    const request = { text: withFlows("one"), layout: {} };
    const { revision } = folder.save("a", { ...request, revision: null });
    expect(refusal(() => folder.save("a", { ...request, revision: null }))).toEqual([
      409,
      expect.stringContaining("there is such a file already"),
    ]);
    write("a.layout.json", JSON.stringify(LAYOUT));
    const changed = [409, expect.stringContaining("changed meanwhile")];
    expect(refusal(() => folder.save("a", { ...request, revision }))).toEqual(changed);
    expect(refusal(() => folder.remove("a", revision))).toEqual(changed);
    opened.remove("a.yaml");
    expect(refusal(() => folder.save("a", { ...request, revision }))).toEqual([
      409,
      expect.stringContaining("removed meanwhile"),
    ]);
    expect(refusal(() => folder.remove("a", revision))[0]).toBe(404);
  });

  test("is refused for what is wrong, but for workflows that were so before", () => {
    using opened = openFolder();
    const { folder, write } = opened;
    const wrong = "  wrong: { nodes: { a: { type: debog } } }\n";
    write("a.yaml", withFlows("one") + wrong);
    write("b.yaml", withFlows("two"));
    folder.load();
    const { revision } = folder.read("a");
    const save = (text: string) => folder.save("a", { text, layout: {}, revision });
    for (const [text, words] of [
      ["flows: [", "a.yaml:"],
      [`${withFlows("one").replace("debug", "debag")}${wrong}`, "debag"],
      [withFlows("one", "two"), "b.yaml has a workflow of this name"],
      [`# ${"é".repeat(600_000)}`, "bytes"],
    ] as const) {
      expect(refusal(() => save(text))).toEqual([400, expect.stringContaining(words)]);
    }
    expect(save(withFlows("one", "three") + wrong)).toMatchObject({ invalid: ["wrong"] });
  });

  test("says what to do when the folder cannot be written", () => {
    using opened = openFolder();
    // Root may write everywhere: here something is in the way.
    const path = `${opened.path}/new`;
    mkdirSync(`${path}/a.yaml.making`, { recursive: true });
    const folder = new WorkflowFolder(path, createFakeClock());
    const save = () => folder.save("a", { text: withFlows("one"), layout: {}, revision: null });
    expect(refusal(save)).toEqual([503, expect.stringContaining(`${path} cannot be written`)]);
    expect(folder.load().files).toEqual([]);
    rmSync(path, { recursive: true });
    expect(folder.isWritable).toBe(true);
    expect(save().problems).toEqual([]);
  });

  (canMountSmallDisk() ? test : test.skip)("leaves the former file on a full disk", () => {
    using disk = mountSmallDisk();
    const folder = new WorkflowFolder(disk.path, createFakeClock());
    const text = withFlows("one");
    const { revision } = folder.save("a", { text, layout: {}, revision: null });
    const larger = `${text}# ${"x".repeat(100_000)}\n`;
    const save = () => folder.save("a", { text: larger, layout: LAYOUT, revision });
    disk.fillBut(8_192);
    expect(refusal(save)).toEqual([503, expect.stringContaining("cannot be written")]);
    expect(folder.read("a").text).toBe(text);
    expect(readdirSync(disk.path).sort()).toEqual(["a.yaml", "filler"]);
    disk.free();
    expect(save().text).toBe(larger);
  });

  test("switches a workflow off and on in its file", () => {
    using opened = openFolder();
    const { folder, write } = opened;
    const text = `# by hand\n${withFlows("one", "two")}`;
    write("a.yaml", text);
    folder.load();
    folder.enable("two", false);
    expect(folder.loaded.flows.map(({ isEnabled }) => isEnabled)).toEqual([true, false]);
    expect(folder.read("a").text).toContain("# by hand\n");
    folder.enable("two", true);
    expect(folder.loaded.flows.map(({ isEnabled }) => isEnabled)).toEqual([true, true]);
    expect(refusal(() => folder.enable("three", true))[0]).toBe(404);
  });
});

describe("a damaged layout", () => {
  test("is as none", () => {
    using opened = openFolder();
    const { folder, write } = opened;
    write("a.yaml", withFlows("one"));
    for (const text of ["{", "[]", '{"one":{"a":{"x":"left"}}}']) {
      write("a.layout.json", text);
      expect(folder.read("a").layout).toEqual({});
    }
  });
});
