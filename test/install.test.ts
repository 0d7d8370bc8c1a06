import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { type TemporaryFolder, temporaryFolder } from "@weir/testkit";

const VERSION = process.versions.node;

/** An npm whose `ci` installs the package `node` without its binary, which `rebuild` brings, as npm does here. */
const NPM = `
const { copyFileSync, rmSync, writeFileSync } = require("node:fs");
const packages = { "node_modules/node": { version: "${VERSION}" } };
const [command] = process.argv.slice(2);
if (command === "--version") console.log("11.0.0");
if (command === "ci") {
  rmSync("node_modules/node/bin/node");
  writeFileSync("node_modules/.package-lock.json", JSON.stringify({ packages }));
}
if (command === "rebuild") copyFileSync(process.execPath, "node_modules/node/bin/node");
`;

/** A clone in which `npm run program` is to install the package `node` first. */
function makeClone(folder: TemporaryFolder): void {
  mkdirSync(folder.file("tools"));
  for (const file of ["install", "run", "pinned-node"].map((name) => `tools/${name}.mjs`)) {
    copyFileSync(file, folder.file(file));
  }
  const scripts = { program: "exec node tools/pinned-node.mjs program.mjs" };
  const dependencies = { node: VERSION };
  writeFileSync(folder.file("package.json"), JSON.stringify({ scripts, dependencies }));
  const packages = { "": { dependencies }, "node_modules/node": { version: VERSION } };
  writeFileSync(
    folder.file("package-lock.json"),
    JSON.stringify({ lockfileVersion: 3, requires: true, packages }),
  );
  writeFileSync(folder.file("program.mjs"), 'console.log("it runs", ...process.argv.slice(2));');
}

test("an update is installed at once, also when the pinned Node runs the installation", () => {
  using folder = temporaryFolder();
  makeClone(folder);
  const node = folder.file("node_modules/node/bin/node");
  mkdirSync(dirname(node), { recursive: true });
  copyFileSync(process.execPath, node);
  chmodSync(node, 0o755);
  writeFileSync(folder.file("npm-cli.cjs"), NPM);

  const { stdout, stderr, status } = spawnSync(
    node,
    ["tools/pinned-node.mjs", "program.mjs", "with", "--options"],
    {
      cwd: folder.path,
      encoding: "utf8",
      env: {
        PATH: [dirname(node), dirname(process.execPath), process.env.PATH].join(delimiter),
        npm_execpath: folder.file("npm-cli.cjs"),
      },
    },
  );

  expect({ stdout, status }).toEqual({ stdout: "it runs with --options\n", status: 0 });
  expect(stderr).toContain("installing the pinned Node");
  expect(existsSync(node)).toBe(true);
});

describe("an installation that fails", () => {
  // An npm that has said why, as the real one would without --silent.
  const failingWith = (reason: string) => `
    if (process.argv[2] === "--version") console.log("11.0.0");
    else {
      console.error("npm error code ${reason}");
      process.exit(1);
    }`;

  test.each([
    ["CERT_NOT_YET_VALID", "Set the clock"],
    ["CERT_HAS_EXPIRED", "Set the clock"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "npm config set cafile"],
    ["ENOSPC", "The disk is full"],
    ["EUNHEARDOF", "npm error code EUNHEARDOF"],
  ])("with %s says what to do", (reason, remedy) => {
    using folder = temporaryFolder();
    makeClone(folder);
    writeFileSync(folder.file("npm-cli.cjs"), failingWith(reason));
    const { stderr, status } = spawnSync(process.execPath, ["tools/pinned-node.mjs"], {
      cwd: folder.path,
      encoding: "utf8",
      env: { PATH: process.env.PATH, npm_execpath: folder.file("npm-cli.cjs") },
    });
    expect(stderr).toContain(remedy);
    expect(status).toBe(1);
  });

  test.each([[[]], [["--silent"]]])("says npm's reason under npm run %j", (options) => {
    using folder = temporaryFolder();
    makeClone(folder);
    const { stderr, status } = spawnSync("npm", ["run", ...options, "program"], {
      cwd: folder.path,
      encoding: "utf8",
      env: {
        PATH: process.env.PATH,
        HOME: folder.path,
        // Nothing listens there.
        npm_config_registry: "http://127.0.0.1:1",
        npm_config_fetch_retries: "0",
        npm_config_cache: folder.file("cache"),
      },
    });
    expect(stderr).toContain("The package registry cannot be reached.");
    expect(status).toBe(1);
  });
});
