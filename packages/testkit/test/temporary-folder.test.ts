import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { temporaryFolder } from "../src/index.ts";

describe("a temporary folder", () => {
  test("is there, and is each test's own", () => {
    using first = temporaryFolder();
    using second = temporaryFolder();
    expect([existsSync(first.path), existsSync(second.path)]).toEqual([true, true]);
    expect(first.path).not.toBe(second.path);
  });

  test("names files in it without making them", () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    expect([dirname(file), existsSync(file)]).toEqual([folder.path, false]);
  });

  test("is gone after the test, with all that is in it", () => {
    const folder = temporaryFolder();
    mkdirSync(folder.file("deep/er"), { recursive: true });
    writeFileSync(folder.file("deep/er/file"), "");
    folder[Symbol.dispose]();
    expect(existsSync(folder.path)).toBe(false);
  });

  test("is disposed of without an error when it was removed before", () => {
    const folder = temporaryFolder();
    folder[Symbol.dispose]();
    expect(() => folder[Symbol.dispose]()).not.toThrow();
  });
});
