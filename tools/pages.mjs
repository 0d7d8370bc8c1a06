// Builds the pages of the dashboard where they are missing or older than what they are made of:
//   node tools/pages.mjs
// Plain JavaScript for any Node from 14.13 on.
import { existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureInstalled, InstallError, ROOT } from "./install.mjs";
import { run } from "./run.mjs";

const BUILT = join(ROOT, "services/dashboard/dist/index.html");
const CONFIG = "services/dashboard/vite.config.ts";
const SOURCES = [
  "services/dashboard/pages",
  "services/dashboard/vite.config.ts",
  "package-lock.json",
];
const LINES_SHOWN_MAX = 12;

/** When a file, or anything in a folder, was last changed; a file that was removed changes its folder. */
function changedMs(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  const inside = readdirSync(path).map((name) => changedMs(join(path, name)));
  return Math.max(stats.mtimeMs, ...inside);
}

function areCurrent() {
  if (!existsSync(BUILT)) return false;
  return SOURCES.every((path) => changedMs(join(ROOT, path)) < statSync(BUILT).mtimeMs);
}

/**
 * Builds the pages if they must be built. A build that fails is reported, and the suite runs without pages.
 *
 * @param {string} node the Node that runs the suite.
 * @returns {Promise<boolean>} whether there are pages.
 * @throws {InstallError} when it was interrupted.
 */
export async function ensurePages(node) {
  if (areCurrent()) return true;
  process.stderr.write("weir: building the pages ... ");
  const startedAtMs = Date.now();
  const { code, output, interruptedWith } = await run(
    node,
    ["node_modules/vite/bin/vite.js", "build", "--config", CONFIG, "--logLevel", "warn"],
    { cwd: ROOT, env: { ...process.env, NO_COLOR: "1" }, stdio: ["ignore", "pipe", "pipe"] },
  );
  if (interruptedWith !== null) {
    process.stderr.write("interrupted\n");
    throw new InstallError("The next start builds them.", interruptedWith);
  }
  if (code === 0) {
    process.stderr.write(`done in ${Math.ceil((Date.now() - startedAtMs) / 1000)} s\n`);
    return true;
  }
  const lines = output.trim().split("\n").slice(0, LINES_SHOWN_MAX).join("\n");
  process.stderr.write(
    `failed\n${lines}\nweir: the suite starts without pages; node tools/pages.mjs builds them.\n`,
  );
  return false;
}

if (resolve(process.argv[1] || "") === fileURLToPath(import.meta.url)) {
  try {
    process.exitCode = (await ensurePages(await ensureInstalled())) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof InstallError)) throw error;
    process.stderr.write(`weir: ${error.message}\n`);
    process.exitCode = error.exitCode;
  }
}
