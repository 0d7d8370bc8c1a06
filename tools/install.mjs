// Plain JavaScript for any Node from 14.13 on, because it runs before the pinned Node is there.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./run.mjs";

/** The folder of package.json. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

const PINNED_NODE = join(
  ROOT,
  "node_modules/node/bin",
  process.platform === "win32" ? "node.exe" : "node",
);
const NODE_MAJOR_MIN = 26;
const NPM_MAJOR_MIN = 7;
// The newest that runs on Node 14.
const NPM_WANTED = 9;
const LINES_SHOWN_MAX = 12;

/** What to do about it, by what npm says. */
const REMEDIES = [
  [
    /CERT_NOT_YET_VALID|CERT_HAS_EXPIRED/,
    `The certificate of the package registry is not valid at the time of this machine's clock, ${new Date().toISOString()}. Set the clock, then start again.`,
  ],
  [
    /SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|UNABLE_TO_GET_ISSUER|UNABLE_TO_VERIFY/,
    "npm does not trust the certificate that the package registry, or a proxy before it, shows. Name the file of its authority (npm config set cafile <file>), then start again.",
  ],
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED|network/i,
    "The package registry cannot be reached. Connect this machine to the network (behind a proxy: npm config set proxy <url>), then start again.",
  ],
  [
    /EACCES|EPERM|EROFS/,
    "A folder cannot be written. Make this folder and npm's cache writable for this user, then start again.",
  ],
  [/ENOSPC/, "The disk is full. Free some space, then start again."],
  [
    /EUSAGE|in sync/,
    "package-lock.json does not fit package.json. Run npm install, or restore both from git.",
  ],
];

/** Ends the process in order: what happened, and what to do about it. */
export class InstallError extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/**
 * Installs what is missing: the dependencies of package-lock.json, and the pinned Node.
 *
 * @returns {Promise<string>} the Node that runs the suite.
 * @throws {InstallError}
 */
export async function ensureInstalled() {
  if (!dependenciesAreCurrent()) {
    checkNpm();
    await step("installing the dependencies (npm ci)", ["ci", "--no-progress"]);
  }
  if (pinnedNodeRuns()) return PINNED_NODE;

  // .npmrc switches install scripts off; this one is wanted, for it brings the Node binary.
  await step("installing the pinned Node", ["rebuild", "node", "--ignore-scripts=false"]);
  if (pinnedNodeRuns()) return PINNED_NODE;
  if (Number(process.versions.node.split(".")[0]) >= NODE_MAJOR_MIN) return process.execPath;
  throw new InstallError(
    `The pinned Node does not run on this machine (${process.platform} ${process.arch}). Install Node ${NODE_MAJOR_MIN} or newer yourself, then start again.`,
  );
}

/** Compares what npm last installed with what the lock wants. Optional packages are other platforms'. */
function dependenciesAreCurrent() {
  const installed = readPackages("node_modules/.package-lock.json");
  const wanted = readPackages("package-lock.json");
  if (installed === null || wanted === null) return false;
  return (
    Object.keys(installed).every((path) => path in wanted) &&
    Object.entries(wanted).every(([path, entry]) => {
      if (path === "" || (entry.optional && !(path in installed))) return true;
      return path in installed && fingerprint(installed[path]) === fingerprint(entry);
    })
  );
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(join(ROOT, file), "utf8")).packages;
  } catch (_error) {
    return null;
  }
}

function fingerprint({ version, integrity, resolved, link }) {
  return JSON.stringify([version, integrity, link ? resolved : null]);
}

function pinnedNodeRuns() {
  const wanted = readPackages("package-lock.json")["node_modules/node"].version;
  if (!existsSync(PINNED_NODE)) return false;
  const { stdout } = spawnSync(PINNED_NODE, ["--version"], { encoding: "utf8" });
  return stdout !== null && stdout.trim() === `v${wanted}`;
}

/** The npm that runs us, or else the one on the path. */
function npmCommand(args) {
  const script = process.env.npm_execpath;
  // `npm ci` removes the Node that runs us, if that is the pinned one; then the next one on the path will do.
  const node = existsSync(process.execPath) ? process.execPath : "node";
  if (script && /npm-cli\.c?js$/.test(script)) return [node, [script, ...args], false];
  return ["npm", args, process.platform === "win32"];
}

function checkNpm() {
  const [command, args, shell] = npmCommand(["--version"]);
  const { stdout } = spawnSync(command, args, { encoding: "utf8", shell });
  if (!stdout) {
    throw new InstallError("npm is missing. Install Node together with npm, then start again.");
  }
  if (Number(stdout.split(".")[0]) >= NPM_MAJOR_MIN) return;
  throw new InstallError(
    `npm ${stdout.trim()} is too old for workspaces. Update it (npm install --global npm@${NPM_WANTED}), then start again.`,
  );
}

async function step(what, npmArgs) {
  process.stderr.write(`weir: ${what} ... `);
  const startedAtMs = Date.now();
  const [command, args, shell] = npmCommand(npmArgs);
  // Its reason is wanted: `npm run --silent` would have this npm say nothing, too.
  const { code, output, interruptedWith } = await run(command, [...args, "--loglevel=error"], {
    cwd: ROOT,
    shell,
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (code === 0) {
    process.stderr.write(`done in ${Math.ceil((Date.now() - startedAtMs) / 1000)} s\n`);
    return;
  }
  if (interruptedWith !== null) {
    process.stderr.write("interrupted\n");
    throw new InstallError("The next start installs what is still missing.", interruptedWith);
  }
  process.stderr.write("failed\n");
  const errors = output.split("\n").filter((line) => /^npm (error|ERR!)/.test(line));
  const known = REMEDIES.find(([pattern]) => pattern.test(errors.join("\n")));
  if (known) throw new InstallError(known[1]);
  const shown = (errors.length > 0 ? errors : output.trim().split("\n")).slice(0, LINES_SHOWN_MAX);
  throw new InstallError(`npm cannot do it:\n${shown.join("\n")}\nCorrect that, then start again.`);
}

/** Without it each start strips and compiles every file again, and keeps the compiler in memory. */
export const COMPILE_CACHE = join(ROOT, "node_modules/.cache/weir");

/**
 * Installs what is missing, then runs the right Node with these arguments; paths among them are relative to
 * the folder of package.json. The exit code is the program's.
 *
 * @param {string[]} args
 * @param {{ beforeRun?: (node: string) => Promise<unknown> }} options what else is to be done first.
 */
export async function bootstrap(args, { beforeRun = async () => {} } = {}) {
  try {
    const node = await ensureInstalled();
    await beforeRun(node);
    const { code } = await run(node, args, {
      cwd: ROOT,
      env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env },
      // Through the channel it learns of our end, however that happens.
      stdio: ["inherit", "inherit", "inherit", "ipc"],
    });
    process.exitCode = code;
  } catch (error) {
    if (!(error instanceof InstallError)) throw error;
    process.stderr.write(`weir: ${error.message}\n`);
    process.exitCode = error.exitCode;
  }
}
