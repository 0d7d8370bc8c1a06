// `npm test`: installs what is missing, then runs every check and every test; `npm test -- <pattern>`
// runs the tests whose path matches. Plain JavaScript for any Node.
import { join } from "node:path";
import { ensureInstalled, InstallError, ROOT } from "./install.mjs";
import { runTests } from "./jest-run.mjs";
import { run } from "./run.mjs";

const CHECKS = [
  { name: "types (tsc)", args: ["typescript/bin/tsc"] },
  { name: "lint (biome)", args: ["@biomejs/biome/bin/biome", "check", "--error-on-warnings"] },
  { name: "dead code (knip)", args: ["knip/bin/knip.js", "--no-progress", "--no-config-hints"] },
];

class Interrupted extends Error {
  constructor(code) {
    super("interrupted");
    this.code = code;
  }
}

async function test(patterns) {
  const node = await ensureInstalled();
  // What a test or a tool starts as "node" is the pinned one, too.
  process.env.PATH = `${join(ROOT, "node_modules/.bin")}${process.platform === "win32" ? ";" : ":"}${process.env.PATH}`;

  const failures = [];
  let passed = 0;
  for (const check of patterns.length === 0 ? CHECKS : []) {
    if (await runCheck(node, check)) passed += 1;
    else failures.push(check.name);
  }

  title("tests (jest)");
  const tests = await runTests(node, patterns);
  stopIfInterrupted(tests);
  passed += tests.passed;
  const failed = failures.length + tests.failed;
  if (tests.failed > 0) failures.push("tests");

  report(failures, tests.skipped);
  const isEmpty = passed + failed === 0;
  if (isEmpty) process.stdout.write(`no test's path matches ${patterns.join(" ")}\n`);
  const skipped = tests.skipped.length === 0 ? "" : `, ${tests.skipped.length} skipped`;
  process.stdout.write(`${passed} passed, ${failed} failed${skipped}\n`);
  return failed > 0 || isEmpty ? 1 : 0;
}

async function runCheck(node, { name, args: [script, ...args] }) {
  title(name);
  const startedAtMs = Date.now();
  const command = [join(ROOT, "node_modules", script), ...args];
  const result = await run(node, command, { cwd: ROOT, stdio: "inherit" });
  stopIfInterrupted(result);
  const seconds = ((Date.now() - startedAtMs) / 1000).toFixed(1);
  process.stdout.write(`${name}: ${result.code === 0 ? "passed" : "FAILED"} in ${seconds} s\n`);
  return result.code === 0;
}

function title(name) {
  process.stdout.write(`\n=== ${name}\n`);
}

function report(failures, skipped) {
  process.stdout.write("\n");
  if (skipped.length > 0) {
    process.stdout.write(`!!! SKIPPED, so nothing is known about:\n`);
    for (const name of skipped) process.stdout.write(`!!!   ${name}\n`);
  }
  if (failures.length > 0) process.stdout.write(`FAILED: ${failures.join(", ")}\n`);
}

function stopIfInterrupted({ interruptedWith }) {
  if (interruptedWith !== null) throw new Interrupted(interruptedWith);
}

try {
  process.exitCode = await test(process.argv.slice(2));
} catch (error) {
  if (error instanceof Interrupted) {
    process.exitCode = error.code;
  } else if (error instanceof InstallError) {
    process.stderr.write(`weir: ${error.message}\n`);
    process.exitCode = error.exitCode;
  } else {
    throw error;
  }
}
