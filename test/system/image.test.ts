import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { hasDocker } from "@weir/testkit";
import { removingReplacedImages, TEST_TAG } from "./images.ts";

const BUILD_TIMEOUT_MS = 600_000;
const inDocker = hasDocker() ? describe : describe.skip;

/** Builds an image and gives its name. */
function build(name: string, ...args: string[]): string {
  using _replaced = removingReplacedImages();
  const image = `${name}:${TEST_TAG}`;
  execFileSync("docker", ["build", "--quiet", "--tag", image, ...args, "."]);
  return image;
}

const buildNetwork = (...args: string[]): string =>
  build("weir-network", "--target", "network", ...args);

/** Its id; empty when there is none. */
const idOf = (image: string): string =>
  spawnSync("docker", ["image", "inspect", "--format", "{{.Id}}", image], {
    encoding: "utf8",
  }).stdout.trim();

// All files and links of the container, the kernel's left out.
const LIST = `
  const { readdirSync } = require("node:fs");
  const list = (folder) => readdirSync(folder || "/", { withFileTypes: true }).flatMap((entry) => {
    const path = folder + "/" + entry.name;
    if (["/proc", "/sys", "/dev"].includes(path)) return [];
    return entry.isDirectory() ? list(path) : [path];
  });
  process.stdout.write(list("").join("\\n"));
`;

function filesOf(image: string): string[] {
  const args = ["run", "--rm", "--user", "0", "--entrypoint", "node", image, "-e", LIST];
  return execFileSync("docker", args, { encoding: "utf8", maxBuffer: 2 ** 26 }).split("\n");
}

/** The packages that a list of files belongs to, by the path that leads to each. */
function packagesIn(files: readonly string[]): string[] {
  const packages = files.flatMap((file) => {
    const [, path] = /^\/app\/(.*node_modules\/(?:@[^/]+\/)?[^/]+)/.exec(file) ?? [];
    return path === undefined ? [] : [path];
  });
  return [...new Set(packages)].sort();
}

interface Locked {
  resolved?: string;
  link?: true;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

/** What package-lock.json reaches from a workspace, types left out. */
function reachedFrom(workspace: string): string[] {
  const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as {
    packages: Record<string, Locked>;
  };
  const reached = new Set<string>();
  const waiting: [name: string, from: string][] = [[`@weir/${workspace}`, ""]];
  for (const [name, from] of waiting) {
    const path = placeOf(name, from, packages);
    if (reached.has(path)) continue;
    reached.add(path);
    const { link, resolved } = packages[path] ?? {};
    const target = link === true ? String(resolved) : path;
    const { dependencies, optionalDependencies } = packages[target] ?? {};
    for (const dependency of Object.keys({ ...dependencies, ...optionalDependencies })) {
      if (!dependency.startsWith("@types/")) waiting.push([dependency, target]);
    }
  }
  return [...reached].sort();
}

/** Where Node.js finds a package. */
function placeOf(name: string, from: string, packages: Record<string, Locked>): string {
  const own = from === "" ? `node_modules/${name}` : `${from}/node_modules/${name}`;
  return packages[own] !== undefined || from === "" ? own : placeOf(name, aboveOf(from), packages);
}

/** The folder of the package that holds another. */
const aboveOf = (path: string): string => path.match(/^(.+)\/node_modules\//)?.[1] ?? "";

inDocker("the image of", () => {
  test.each(readdirSync("services"))(
    "%s holds what the service runs, and nothing else",
    (service) => {
      const files = filesOf(build(`weir-${service}`, "--build-arg", `SERVICE=${service}`));
      const own = files.filter((file) => file.startsWith("/app/"));

      expect(packagesIn(own)).toEqual(reachedFrom(service));
      expect(
        own.filter((file) => /\/(testkit|testcontainers|ssh2|protobufjs)\//.test(file)),
      ).toEqual([]);
      expect(own.filter((file) => /\.(d\.ts|map|test\.ts)$/.test(file))).toEqual([]);
      const folders = new Set(own.map((file) => file.split("/")[2]));
      expect([...folders].sort()).toEqual(
        [
          ".compile-cache",
          "main.ts",
          "node_modules",
          "package.json",
          "packages",
          "services",
        ].filter((name) => folders.has(name)),
      );
      expect(
        new Set(own.flatMap((file) => /^\/app\/services\/([^/]+)/.exec(file)?.[1] ?? [])),
      ).toEqual(new Set([service]));
      expect(files.filter((file) => /^\/usr\/local\/(bin|etc|include|lib)\//.test(file))).toEqual([
        "/usr/local/bin/healthcheck",
        "/usr/local/bin/node",
      ]);
    },
    BUILD_TIMEOUT_MS,
  );

  test(
    "weir holds what the commands run, and nothing else",
    () => {
      const image = build("weir", "--build-arg", "SERVICE=weir");
      const own = filesOf(image).filter((file) => file.startsWith("/app/"));
      expect(packagesIn(own)).toEqual(reachedFrom("weir"));
      expect(own.filter((file) => /\.(d\.ts|map|test\.ts)$/.test(file))).toEqual([]);
      expect(own.filter((file) => /^\/app\/(?!node_modules\/).*\/test\//.test(file))).toEqual([]);
      const run = (...args: string[]) =>
        spawnSync("docker", ["run", "--rm", image, ...args], { encoding: "utf8" });
      expect(run("export", "--help")).toMatchObject({
        status: 0,
        stdout: expect.stringContaining("Usage: weir export"),
      });
      for (const argv of [
        ["faults", "--list"],
        ["secure", "init", "--host", "h"],
      ]) {
        expect(run(...argv)).toMatchObject({
          status: 69,
          stderr: expect.stringContaining("needs a clone of the repository"),
        });
      }
    },
    BUILD_TIMEOUT_MS,
  );

  test(
    "the network that can be broken holds that alone",
    () => {
      const files = filesOf(buildNetwork());
      expect(files.filter((file) => file.startsWith("/app/")).sort()).toEqual(
        ["fault-proxy", "network"].map((name) => `/app/${name}.ts`).concat("/app/package.json"),
      );
    },
    BUILD_TIMEOUT_MS,
  );

  test("tests leaves those of a user as they are, and none without a name", () => {
    const theirs = idOf("weir-network:latest");
    const first = idOf(buildNetwork("--label", "build=first"));
    const second = idOf(buildNetwork());
    expect(second).not.toBe(first);
    expect([idOf(first), idOf(second)]).toEqual(["", second]);
    expect(idOf("weir-network:latest")).toBe(theirs);
  });
});
