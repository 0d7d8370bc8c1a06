import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { parse } from "yaml";

const userData = readFileSync("deploy/cloud-init.yaml", "utf8");
const { packages, runcmd }: { packages: string[]; runcmd: string[] } = parse(userData);

test("the user data is what cloud-init takes for its own", () => {
  expect(userData).toMatch(/^#cloud-config\n/);
  expect(Object.keys(parse(userData))).toEqual(["package_update", "packages", "runcmd"]);
  // A line with ": " would be a map, which cloud-init does not run.
  expect(runcmd.every((line) => typeof line === "string")).toBe(true);
});

test("Lightsail's launch script does the same", () => {
  const script = readFileSync("deploy/lightsail.sh", "utf8");
  const lines = script.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const install = `apt-get update -qq && apt-get install -y -qq ${packages.join(" ")}`;
  expect(lines).toEqual([runcmd[0], install, ...runcmd.slice(1)]);
});

test.each(globSync("deploy/*.sh"))("%s is shell that every sh reads", (file) => {
  const { status, stderr } = spawnSync("sh", ["-n", file], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});

test.each([
  { args: ["--secure", "weir.example.org"], says: /unknown argument --secure.*--secured/ },
  { args: ["--secured"], says: /--secured takes the name or the address/ },
])("setup.sh changes nothing when its arguments are wrong: $args", ({ args, says }) => {
  const { status, stderr } = spawnSync("sh", ["deploy/setup.sh", ...args], { encoding: "utf8" });
  expect(status).not.toBe(0);
  expect(stderr).toMatch(says);
});
