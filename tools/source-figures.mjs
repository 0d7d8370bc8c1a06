// `node tools/source-figures.mjs [folder]`: the size and the shape of the source, and the files that one DATA
// message passes from the logger's socket to its receipt. Plain JavaScript, so that it also measures older commits.
import { execFileSync, fork } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, posix, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import "./closed-pipe.mjs";

const PLACES = ["packages", "services", "standalone", "weir", "tools", "bench", "config"];
const RELATIVE_IMPORT = /(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g;

/** Every file of the source that is not a test. */
function sourceFiles(folder) {
  return execFileSync("git", ["ls-files", "--", ...PLACES], { cwd: folder, encoding: "utf8" })
    .split("\n")
    .filter((file) => /\.(ts|tsx|mjs)$/.test(file) && !/(^|\/)test\//.test(file))
    .map((file) => ({ file, text: readFileSync(join(folder, file), "utf8") }));
}

function sizes(files) {
  const lines = files.map(({ text }) => text.split("\n").length - 1).sort((a, b) => a - b);
  const at = (share) => lines[Math.min(lines.length - 1, Math.floor(share * lines.length))];
  return {
    files: lines.length,
    lines: lines.reduce((sum, count) => sum + count, 0),
    "lines of a file: median": at(0.5),
    "lines of a file: p90": at(0.9),
    "lines of a file: most": at(1),
    "files under 30 lines": lines.filter((count) => count < 30).length,
  };
}

/** Folders below src that lie deeper than one level, and pairs of sibling folders that import each other. */
function shape(files) {
  const arrows = new Map();
  const deep = new Set();
  for (const { file, text } of files) {
    const [, root, path] = /^(.*?\/src)\/(.+)$/.exec(file) ?? [];
    if (root === undefined) continue;
    const folders = path.split("/").slice(0, -1);
    if (folders.length > 1) deep.add(posix.dirname(file));
    for (const [, specifier] of text.matchAll(RELATIVE_IMPORT)) {
      const target = posix.join(posix.dirname(file), specifier);
      if (!target.startsWith(`${root}/`)) continue;
      const from = folders[0] ?? "";
      const to =
        target
          .slice(root.length + 1)
          .split("/")
          .slice(0, -1)[0] ?? "";
      if (from !== to) arrows.set(`${root}: ${from || "."} -> ${to || "."}`, [root, from, to]);
    }
  }
  const both = [...arrows.values()].filter(
    ([root, from, to]) => from < to && arrows.has(`${root}: ${to || "."} -> ${from || "."}`),
  );
  return {
    "folders deeper than one level below src": deep.size,
    "pairs of sibling folders with arrows both ways": both.length,
    pairs: both.map(([root, from, to]) => `${root}: ${from || "."} <-> ${to || "."}`),
  };
}

/** The files in which a function runs between a DATA message's arrival and its receipt. */
async function messagePath(folder) {
  const require = createRequire(join(folder, "package.json"));
  const { startBroker } = await import(
    pathToFileURL(join(folder, "packages/broker/src/index.ts")).href
  );
  const { connect } = require("mqtt");
  await using broker = await startBroker({ host: "127.0.0.1", port: 0 });
  const { port } = broker;
  const data = mkdtempSync(join(tmpdir(), "weir-path-"));
  const logger = fork(join(folder, "services/logger/src/main.ts"), [], {
    cwd: folder,
    execArgv: ["--import", pathToFileURL(import.meta.filename).href],
    env: {
      PATH: process.env.PATH,
      BROKER_URL: `mqtt://127.0.0.1:${port}`,
      DB_FILE: join(data, "weir.db"),
      WEIR_FILE: "",
      LOGGER_HTTP_PORT: "0",
      LOG_LEVEL: "error",
    },
  });
  const client = connect(`mqtt://127.0.0.1:${port}`);
  const heard = (topic) =>
    new Promise((done) =>
      client.on("message", function take(heardTopic) {
        if (heardTopic !== topic) return;
        client.off("message", take);
        done();
      }),
    );
  // The logger itself sends a message, too: its HTTP port.
  const answer = (kind) =>
    new Promise((done) =>
      logger.on("message", (message) => {
        if (kind in message) done(message[kind]);
      }),
    );
  try {
    const listening = answer("httpPort");
    await client.subscribeAsync("weir/receipt/path", { qos: 1 });
    await untilReady(await listening);
    for (const seq of [1, 2]) {
      // The first message loads and warms what is used once; the second one is watched.
      if (seq === 2) {
        const started = answer("watching");
        logger.send("watch");
        await started;
      }
      const receipt = heard("weir/receipt/path");
      const epochtime = String(Math.floor(Date.now() / 1000));
      const payload = { number: seq, epochtime, publisher: "path", epoch: "measured", seq };
      await client.publishAsync("DATA", JSON.stringify(payload), { qos: 1 });
      await receipt;
    }
    const taken = answer("ran");
    logger.send("take");
    return (await taken).map((file) => relative(folder, file)).sort();
  } finally {
    const ended = new Promise((done) => logger.once("exit", done));
    logger.kill("SIGTERM");
    await ended;
    await client.endAsync(true);
    rmSync(data, { recursive: true, force: true });
  }
}

async function untilReady(httpPort) {
  const answer = await fetch(`http://127.0.0.1:${httpPort}/readyz`);
  await answer.body?.cancel();
  if (!answer.ok) await untilReady(httpPort);
}

/** Inside the logger: answers which of Weir's files have run a function since "watch". */
async function watchCoverage() {
  const { Session } = await import("node:inspector/promises");
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  process.on("message", async (order) => {
    if (order === "watch") {
      await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
      process.send({ watching: true });
      return;
    }
    const { result } = await session.post("Profiler.takePreciseCoverage");
    const ran = result.filter(
      ({ url, functions }) =>
        /^file:.*\/(packages|services)\/.*\/src\//.test(url) &&
        functions.some(({ ranges }) => ranges[0].count > 0),
    );
    process.send({ ran: ran.map(({ url }) => new URL(url).pathname) });
  });
}

async function main() {
  const folder = resolve(process.argv[2] ?? join(import.meta.dirname, ".."));
  const files = sourceFiles(folder);
  const { pairs, ...figures } = shape(files);
  const path = await messagePath(folder);
  const rows = {
    ...sizes(files),
    packages: readdirSync(join(folder, "packages")).length,
    ...figures,
    "files from socket to receipt": path.length,
  };
  for (const [what, value] of Object.entries(rows)) process.stdout.write(`${what}: ${value}\n`);
  for (const pair of pairs) process.stdout.write(`  ${pair}\n`);
  for (const file of path) process.stdout.write(`  ${file}\n`);
}

if (import.meta.main) await main();
else await watchCoverage();
