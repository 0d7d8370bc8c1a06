import { describe, expect, test } from "@jest/globals";
import { temporaryFolder } from "@weir/testkit";
import { disk, diskAsJson, openDays } from "./fixture.ts";

const KEYS = { history: "off" };

describe("how a stream grows", () => {
  test.each([
    ["for ever without a limit", {}, "for ever"],
    ["until its retention begins to remove", { retention: { age: "30d" } }, "for 20 d"],
    ["no longer once that removes as much as comes", { retention: { age: "7d" } }, "no longer"],
    ["until it has its size", { retention: { size: "5MB" } }, /^for \d+ d$/],
  ])("%s", async (_, keys, words) => {
    using folder = temporaryFolder();
    using _store = openDays(folder, 10, { ...KEYS, ...keys });
    const { out } = await disk(folder);
    const line = out.split("\n").find((one) => one.startsWith("barn ")) ?? "";
    expect(line.split(/ {2,}/).at(-1)).toEqual(
      typeof words === "string" ? words : expect.stringMatching(words),
    );
  });

  test("is what comes in a day, as long as nothing goes", async () => {
    using folder = temporaryFolder();
    using _store = openDays(folder, 10, KEYS);
    const { barn } = await diskAsJson(folder);
    expect(barn.growthBytesADay).toBeCloseTo(barn.rate.bytesADay, 3);
  });

  test("is less for a size that is nearly there", async () => {
    using folder = temporaryFolder();
    using _store = openDays(folder, 10, KEYS);
    const { barn } = await diskAsJson(folder);
    const size = `${Math.round(barn.files.rows.bytes / 1_000 + 1)}kB`;
    using other = temporaryFolder();
    using _other = openDays(other, 10, { ...KEYS, retention: { size } });
    const limited = await diskAsJson(other);
    expect(limited.barn.growthBytesADay).toBeLessThan(2_000);
  });
});

describe("other settings", () => {
  test("are estimated from the bytes of a day, an archive as a tenth until one is measured", async () => {
    using folder = temporaryFolder();
    using _store = openDays(folder, 10, KEYS);
    const { barn } = await diskAsJson(folder);
    const { bytesADay } = barn.rate;
    const found = new Map(
      barn.otherSettings.map(({ setting, bytes }: { setting: string; bytes: number }) => [
        setting,
        bytes,
      ]),
    );
    expect(found.get("retention: { age: 30d }")).toBeCloseTo(30 * bytesADay, 3);
    expect(found.get("retention: { age: 30d }, archive: { after: 2d }")).toBeCloseTo(
      (2 + 28 / 10) * bytesADay,
      3,
    );
    expect(barn.archiveShare).toEqual({ value: 0.1, isMeasured: false });
  });

  test("take the age of weir.yaml for an archive", async () => {
    using folder = temporaryFolder();
    using _store = openDays(folder, 10, { ...KEYS, archive: { after: "5d" } });
    const { barn } = await diskAsJson(folder);
    const settings = barn.otherSettings.map(({ setting }: { setting: string }) => setting);
    expect(settings).toContain("retention: { age: 30d }, archive: { after: 5d }");
  });
});
