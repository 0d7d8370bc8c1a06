import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { print } from "@weir/runtime";
import { eventually, temporaryFolder } from "@weir/testkit";

const ROOT = join(import.meta.dirname, "../..");
const COMMAND_TIMEOUT_MS = 60_000;
/** What a fresh clone does not have. */
const NOT_IN_CLONE = [
  /^(data|coverage|secrets|backups|bench\/(results|\.cache)|\.git|\.env)$/,
  /^config\/(?!examples|workflows$|workflows\.schema|(agent|weir)\.(example|schema))/,
  /^config\/workflows\/(?!README)/,
];

/** Folders that a reader changes; npx sets the mode of its program once more. */
const COPIED = ["config", "weir"];

export interface MachineOptions {
  /** Names that lead to this machine, beside `localhost`. */
  names?: readonly string[];
  /** Addresses that it has beside 127.0.0.1. */
  addresses?: readonly string[];
  /** Folders of the system that are empty in it, and its own. `/etc` is its own anyway. */
  emptied?: readonly string[];
  /** Programs that a reader has and this machine has not: shell scripts, by name. */
  programs?: Readonly<Record<string, string>>;
  /** Variables of every program that runs in it. */
  environment?: Readonly<Record<string, string>>;
}

/** A program that runs. */
export interface Running {
  /** What it has printed so far, errors included. */
  output(): string;
  /** As Ctrl-C does; resolves when it has ended. */
  interrupt(): Promise<void>;
  /** Resolves with its exit code, or the name of the signal that ended it. */
  ended: Promise<number | string>;
}

/**
 * The machine of a reader: a network, an `/etc` and processes of its own, in which every port is free, and a fresh
 * clone with what `npm ci` installs.
 */
export interface Machine extends AsyncDisposable {
  /** The folder of the clone, in which commands run. */
  clone: string;
  /** The path of a file outside the clone, which the machine can read, too. */
  file(name: string): string;
  /** Runs a shell script to its end, which must be good. @returns what it printed. */
  run(script: string): Promise<string>;
  /** Starts a shell script, and lets it run. */
  start(script: string): Promise<Running>;
  /** Writes a file; a path that is not absolute is in the clone. */
  write(path: string, content: string, options?: { append: boolean }): Promise<void>;
}

/** Whether a machine can be made here, with these programs in it. In CI (`CI=true`) what is missing is an error. */
export function hasMachine(programs: readonly string[]): boolean {
  const probe = spawnSync("unshare", ["--mount", "--net", "--pid", "--fork", "ip", "link"]);
  const missing = programs.filter((name) => spawnSync("which", [name]).status !== 0);
  const problem =
    probe.status === 0 ? missing.join(", ") : "unshare and ip, for root on Linux, do not run";
  if (problem === "") return true;
  if (process.env.CI === "true") throw new Error(`CI needs what is missing: ${problem}`);
  print(`\n*** SKIPPED: how-tos as they are written; missing: ${problem} ***\n\n`, {
    to: process.stderr,
  });
  return false;
}

export async function startMachine(options: MachineOptions = {}): Promise<Machine> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(temporaryFolder());
  const clone = folder.file("weir");
  const mounted = makeClone(clone);
  const programs: Record<string, string> = {
    // The pages write `weir` for `npx weir`.
    weir: `exec ${clone}/node_modules/.bin/weir "$@"`,
    sudo: 'exec "$@"',
    ...options.programs,
  };
  mkdirSync(folder.file("bin"));
  mkdirSync(folder.file("home"));
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(folder.file(`bin/${name}`), `#!/bin/sh\n${script}\n`);
    chmodSync(folder.file(`bin/${name}`), 0o755);
  }
  writeFileSync(folder.file("set-up"), setUp(mounted, options));
  const space = spawn(
    "unshare",
    ["--mount", "--net", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "set-up"],
    { cwd: folder.path, stdio: ["pipe", "pipe", "inherit"] },
  );
  const ended = once(space, "exit");
  // With its first process, which reads our pipe to its end, every other one is gone.
  stack.defer(async () => {
    space.stdin.end();
    await ended;
  });
  const isReady = await Promise.race([once(space.stdout, "data"), ended.then(() => false)]);
  if (isReady === false) throw new Error("the reader's machine could not be made");
  const entry = ["--target", String(childOf(space)), "--mount", "--net", "--pid"];
  const environment = {
    HOME: folder.file("home"),
    PATH: `${folder.file("bin")}:${process.env.PATH}`,
    LANG: "C.UTF-8",
    ...options.environment,
  };
  let count = 0;

  async function start(script: string): Promise<Running> {
    count += 1;
    const log = folder.file(`output-${count}`);
    const printed = openSync(log, "a");
    // A session of its own, so that a signal reaches all of it, and not nsenter, which waits for it.
    const child = spawn(
      "nsenter",
      [...entry, "--", "setsid", "bash", "-eo", "pipefail", "-c", `cd ${clone}\n${script}`],
      { env: environment, stdio: ["ignore", printed, printed] },
    );
    closeSync(printed);
    const over = once(child, "exit").then(([code, signal]) => code ?? signal);
    const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
    const leader = await eventually(() => childOf(child) ?? hasEnded());
    return {
      output: () => readFileSync(log, "utf8"),
      ended: over,
      interrupt: async () => {
        if (leader !== true && !hasEnded()) process.kill(-leader, "SIGINT");
        await over;
      },
    };
  }

  async function run(script: string): Promise<string> {
    const running = await start(script);
    const timeout = AbortSignal.timeout(COMMAND_TIMEOUT_MS);
    const code = await Promise.race([running.ended, once(timeout, "abort")]);
    if (code === 0) return running.output();
    const how = timeout.aborted
      ? `has not ended in ${COMMAND_TIMEOUT_MS} ms`
      : `ended with ${code}`;
    throw new Error(`this ${how}:\n${script}\n\n${running.output()}`);
  }

  const owned = stack.move();
  return {
    clone,
    file: folder.file,
    run,
    start,
    write: async (path, content, { append } = { append: false }) => {
      count += 1;
      const source = folder.file(`file-${count}`);
      writeFileSync(source, `${content}\n`);
      await run(
        `mkdir -p "$(dirname '${path}')" && cat '${source}' ${append ? ">>" : ">"} '${path}'`,
      );
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Makes the files of a clone. @returns the folders that are mounted later. */
function makeClone(clone: string): string[] {
  execFileSync(process.execPath, [join(ROOT, "tools/pages.mjs")], { stdio: "ignore" });
  const inRoot = readdirSync(ROOT, { withFileTypes: true });
  const entries = inRoot.filter(({ name }) => !NOT_IN_CLONE.some((one) => one.test(name)));
  mkdirSync(clone);
  for (const entry of entries.filter((one) => one.isFile() || COPIED.includes(one.name))) {
    cpSync(join(ROOT, entry.name), join(clone, entry.name), {
      recursive: true,
      // The pages of the dashboard are built again where a file is newer.
      preserveTimestamps: true,
      filter: (path) => !NOT_IN_CLONE.some((pattern) => pattern.test(relative(ROOT, path))),
    });
  }
  const folders = entries.filter((one) => one.isDirectory() && !COPIED.includes(one.name));
  return folders.map(({ name }) => name);
}

/** The script of the first process. */
function setUp(mounted: readonly string[], options: MachineOptions): string {
  const { names = [], addresses = [], emptied = [] } = options;
  return `set -e
ip link set lo up
${addresses.map((address) => `ip address add ${address}/24 dev lo\n`).join("")}
${mounted.map((name) => `mkdir weir/${name}\nmount --bind -o ro ${ROOT}/${name} weir/${name}\n`).join("")}
cp -a /etc etc
mount --bind etc /etc
echo 127.0.0.1 localhost ${names.join(" ")} > /etc/hosts
${emptied.map((path) => `mount -t tmpfs tmpfs ${path}\n`).join("")}
echo ready
exec cat
`;
}

function childOf({ pid }: ChildProcess): number | null {
  const file = `/proc/${pid}/task/${pid}/children`;
  const [first = ""] = existsSync(file) ? readFileSync(file, "utf8").split(" ") : [];
  return first === "" ? null : Number(first);
}
