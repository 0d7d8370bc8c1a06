import { mkdirSync, writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { entriesOf } from "@weir/runtime";
import { temporaryFolder } from "@weir/testkit";

test("a folder has the names of its files and folders, and one that is missing has none", () => {
  using folder = temporaryFolder();
  mkdirSync(folder.file("days"));
  writeFileSync(folder.file("weir.db"), "");
  expect(entriesOf(folder.path).sort()).toEqual(["days", "weir.db"]);
  expect(entriesOf(folder.file("days"))).toEqual([]);
  expect(entriesOf(folder.file("missing"))).toEqual([]);
  expect(entriesOf(folder.file("weir.db"))).toEqual([]);
});

test("a name that no folder can have is an error", () => {
  expect(() => entriesOf("x".repeat(5_000))).toThrow("ENAMETOOLONG");
});
