import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { print } from "@weir/runtime";
import { type Child, startChild } from "./process.ts";

export const NODE_RED_VERSION = "5.0.7";
const PACKAGE = `node-red@${NODE_RED_VERSION}`;
const HOME = join(import.meta.dirname, ".cache/node-red");
const INSTALL_MS_MAX = 300_000;
const REASON_CHARACTERS_MAX = 250;

/**
 * Installs Node-RED into the benchmark's cache where it is not there yet.
 * @returns why it cannot be used, in words for a user; `null` when it can.
 */
export function installNodeRed({ home = HOME, env = process.env } = {}): string | null {
  if (isInstalled(home)) return null;
  print(`installing ${PACKAGE} in ${home}\n`, { to: process.stderr });
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, "package.json"), '{ "private": true }\n');
  // No part of it has to be compiled.
  const args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const { error, stderr } = spawnSync("npm", [...args, PACKAGE], {
    cwd: home,
    env,
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
    timeout: INSTALL_MS_MAX,
  });
  if (isInstalled(home)) return null;
  const said = stderr?.replaceAll(/^npm (error|ERR!) */gm, "").trim();
  const reason = (error?.message ?? said).replaceAll(/\s*\n\s*/g, "; ");
  return `npm install ${PACKAGE} failed in ${home}: ${reason.slice(0, REASON_CHARACTERS_MAX)}`;
}

/** npm writes this file last: what it names is there as a whole. */
function isInstalled(home: string): boolean {
  try {
    const lock = JSON.parse(readFileSync(join(home, "node_modules/.package-lock.json"), "utf8"));
    return lock.packages["node_modules/node-red"].version === NODE_RED_VERSION;
  } catch {
    return false;
  }
}

/**
 * Starts Node-RED over a folder of its own, without an editor, telemetry and update checks.
 * @param modules of Node that its functions get from the global context, by the name there.
 */
export function startNodeRed(
  folder: string,
  flows: readonly object[],
  modules: Readonly<Record<string, `node:${string}`>> = {},
): Promise<Child> {
  const settings = {
    flowFile: "flows.json",
    httpAdminRoot: false,
    httpNodeRoot: false,
    uiPort: 0,
    uiHost: "127.0.0.1",
    telemetry: { enabled: false, updateNotification: false },
    logging: { console: { level: "error", metrics: false, audit: false } },
  };
  const context = Object.entries(modules).map(([name, module]) => `${name}: require("${module}")`);
  writeFileSync(
    join(folder, "settings.js"),
    `module.exports = ${JSON.stringify(settings)};
module.exports.functionGlobalContext = { ${context.join(", ")} };\n`,
  );
  writeFileSync(join(folder, "flows.json"), JSON.stringify(flows));
  const program = join(HOME, "node_modules/node-red/red.js");
  return startChild(process.execPath, [program, "-u", folder], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, NODE_ENV: "production" },
  });
}
