import { spawnSync } from "node:child_process";
import { cpSync, globSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { temporaryFolder } from "@weir/testkit";
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

test("setup.sh does not start the open suite where the secured one is asked for", () => {
  using folder = temporaryFolder();
  cpSync("deploy", folder.file("deploy"), { recursive: true });
  writeFileSync(
    folder.file(".env"),
    "COMPOSE_FILE=docker-compose.yml:deploy/grafana/compose.yaml\n",
  );
  // No other program is there, so that it can change nothing here.
  for (const name of ["dirname", "grep"]) symlinkSync(`/usr/bin/${name}`, folder.file(name));
  const { status, stderr } = spawnSync(
    "/bin/sh",
    [folder.file("deploy/setup.sh"), "--secured", "weir.example.org"],
    { encoding: "utf8", env: { PATH: folder.path } },
  );
  expect(status).toBe(1);
  expect(stderr).toMatch(/^setup: COMPOSE_FILE in \.env has no docker-compose-secured\.yml/);
});
