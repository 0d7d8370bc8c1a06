import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "@jest/globals";
import { eventually } from "@weir/testkit";
import { source as spaceUsage } from "../../src/sources/space-usage.ts";
import { openSource, problemsWith, read } from "./fixture.ts";

const execute = promisify(execFile);

async function df(mount: string): Promise<{ used: number; free: number; percent: number }> {
  const { stdout } = await execute("df", ["-B1", "--output=used,avail,pcent", mount]);
  const [used = "", free = "", percent = ""] =
    stdout.trim().split("\n")[1]?.trim().split(/ +/) ?? [];
  return { used: Number(used), free: Number(free), percent: Number.parseInt(percent, 10) };
}

test.each(["/", "/tmp", "/dev/shm"])("what it says of %s is what df says", async (mount) => {
  using source = openSource(spaceUsage, { mount });
  // Others write to the same disk: it lies between what df says before and what it says behind it, unless
  // they do so back and forth.
  await eventually(async () => {
    const before = await df(mount);
    const sample = await read(source);
    const after = await df(mount);
    const isBetween = (name: string, [one, other]: [number, number], slack: number): void => {
      expect(sample[name]).toBeGreaterThanOrEqual(Math.min(one, other) - slack);
      expect(sample[name]).toBeLessThanOrEqual(Math.max(one, other) + slack);
    };
    isBetween("drive-space-used", [before.used / 1e9, after.used / 1e9], 0.000_5);
    isBetween("drive-space-free", [before.free / 1e9, after.free / 1e9], 0.000_5);
    // df rounds up.
    isBetween("drive-space-percent", [before.percent - 0.5, after.percent - 0.5], 0.55);
    return true;
  });
});

test("it reports in GB of 10^9 bytes and in percent", () => {
  using source = openSource(spaceUsage);
  expect(
    source.attributes.map(({ name, label, unit, decimals, deviceClass }) => [
      name,
      label,
      unit,
      decimals,
      deviceClass,
    ]),
  ).toEqual([
    ["drive-space-used", "Drive space used", "GB", 3, "data_size"],
    ["drive-space-free", "Drive space free", "GB", 3, "data_size"],
    ["drive-space-percent", "Drive space used, in percent", "%", 1, null],
  ]);
});

test("several disks have their own attributes, and a path may start at the configuration", async () => {
  using source = openSource(
    spaceUsage,
    { mount: "shm", attribute: "memory_disk" },
    { base: "/dev" },
  );
  const names = ["memory_disk-used", "memory_disk-free", "memory_disk-percent"];
  expect(source.attributes.map(({ name }) => name)).toEqual(names);
  expect(Object.keys(await read(source))).toEqual(names);
});

test("what is no disk is full to no percent", async () => {
  using source = openSource(spaceUsage, { mount: "/proc" });
  expect(await read(source)).toEqual({ "drive-space-used": 0, "drive-space-free": 0 });
});

test("a missing disk is an error at each read", async () => {
  using source = openSource(spaceUsage, { mount: "/not-mounted" });
  await expect(read(source)).rejects.toThrow("ENOENT");
  await expect(read(source)).rejects.toThrow("ENOENT");
});

test("a measurement that is ended says so", async () => {
  using source = openSource(spaceUsage);
  await expect(source.read(AbortSignal.abort(new Error("enough")))).rejects.toThrow("enough");
  const ending = new AbortController();
  const measuring = source.read(ending.signal);
  ending.abort(new Error("too long"));
  await expect(measuring).rejects.toThrow("too long");
  expect(Object.keys(await read(source))).toHaveLength(3);
});

test.each([
  [{ attribute: "drive space" }, "attribute: it must be 1 to 56"],
  [{ mount: "" }, "mount: a path has at least one character"],
  [{ mounts: "/" }, "Unrecognized key"],
])("options %j are refused: %s", (options, problem) => {
  expect(problemsWith(spaceUsage, options)[0]).toContain(problem);
});
