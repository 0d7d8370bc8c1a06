import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname } from "node:path";
import { expect, test } from "@jest/globals";
import { temporaryFolder } from "@weir/testkit";

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

test("an update is installed at once, also when the pinned Node runs the installation", () => {
  using folder = temporaryFolder();
  const node = folder.file("node_modules/node/bin/node");
  mkdirSync(dirname(node), { recursive: true });
  mkdirSync(folder.file("tools"));
  copyFileSync(process.execPath, node);
  chmodSync(node, 0o755);
  for (const file of ["install", "run", "pinned-node"].map((name) => `tools/${name}.mjs`)) {
    copyFileSync(file, folder.file(file));
  }
  writeFileSync(folder.file("npm-cli.cjs"), NPM);
  writeFileSync(
    folder.file("package-lock.json"),
    JSON.stringify({ packages: { "node_modules/node": { version: VERSION } } }),
  );
  writeFileSync(folder.file("program.mjs"), 'console.log("it runs", ...process.argv.slice(2));');

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
