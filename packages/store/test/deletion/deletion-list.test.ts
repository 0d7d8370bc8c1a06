import { writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { DeletionMasks, DeletionWatch, deletionsFileOf, writeDeletions } from "@weir/store";
import { openTestStore, temporaryFolder } from "@weir/testkit";
import { deletionOf } from "./fixture.ts";

describe("the list of deletions", () => {
  test("is followed, and its version changes when rows have vanished or come back", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    const file = deletionsFileOf(folder.file("weir.db"));
    const watch = new DeletionWatch(file);
    const deletion = deletionOf(store);
    const versions = (["hiding", "hidden", "removing", "removed", "undone"] as const).map(
      (state) => {
        writeDeletions(file, [{ ...deletion, state }]);
        return watch.versionOf("data");
      },
    );
    expect(versions).toEqual(["", "-d1", "-d1", "-d1", "+d1"]);
    expect(watch.versionOf("home")).toBe("");
    writeFileSync(file, "{");
    expect(watch.versionOf("data")).toBe("+d1");
  });

  test("hides the points of its topics that were observed in its spans, until they are undone", () => {
    using folder = temporaryFolder();
    using store = openTestStore(folder.file("weir.db"));
    const deletion = deletionOf(store, { filters: ["a/#", "b"], fromUs: 10, toUs: 20 });
    const masks = new DeletionMasks([deletion]);
    const hidden = (stream: string, topic: string) =>
      [9, 10, 19, 20].filter((us) => masks.hides(stream, topic, us));
    expect(hidden("data", "a/b/c")).toEqual([10, 19]);
    expect(hidden("data", "b")).toEqual([10, 19]);
    expect(hidden("data", "c")).toEqual([]);
    expect(hidden("home", "b")).toEqual([]);
    const undone = new DeletionMasks([{ ...deletion, state: "undoing" }]);
    expect(undone.spansOf("data", "b")).toEqual([]);
  });
});
