// `npm test`: installs what is missing, then runs every check and every test; `npm test -- <pattern>`
// runs the tests whose path matches. Plain JavaScript for any Node.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, relative } from "node:path";
import { COMPILE_CACHE, ensureInstalled, InstallError, ROOT } from "./install.mjs";
import { run } from "./run.mjs";

const CHECKS = [
  { name: "types (tsc)", args: ["typescript/bin/tsc"] },
  {
    name: "types of the pages (tsc)",
    args: ["typescript/bin/tsc", "--project", "services/dashboard/pages"],
  },
  { name: "lint (biome)", args: ["@biomejs/biome/bin/biome", "check", "--error-on-warnings"] },
  { name: "dead code (knip)", args: ["knip/bin/knip.js", "--no-progress", "--no-config-hints"] },
];

const JEST = [
  "--experimental-vm-modules",
  "--disable-warning=ExperimentalWarning",
  join(ROOT, "node_modules/jest/bin/jest.js"),
];

// Whole suites in containers or processes: two at once would fight for the machine's cores and ports.
const WHOLE_SUITES = "<rootDir>/(standalone|test/(browser|faults|how-to|system))/";
const ALL_BUT_WHOLE_SUITES = `^(?!${WHOLE_SUITES})`;

const GROUPS = [
  // One more than there are cores: now and then each waits for the disk or for a process.
  [`--maxWorkers=${cpus().length + 1}`, `--testPathIgnorePatterns=${WHOLE_SUITES}`],
  ["--runInBand", `--testPathIgnorePatterns=${ALL_BUT_WHOLE_SUITES}`],
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

/** Runs the tests whose path matches, or all: the small ones side by side, then whole suites one by one. */
async function runTests(node, patterns) {
  const total = { passed: 0, failed: 0, skipped: [] };
  for (const group of GROUPS) {
    const result = await runGroup(node, [...group, "--passWithNoTests", ...patterns]);
    total.passed += result.passed;
    total.failed += result.failed;
    total.skipped.push(...result.skipped);
  }
  return total;
}

async function runGroup(node, args) {
  const folder = mkdtempSync(join(tmpdir(), "weir-test-"));
  const file = join(folder, "result.json");
  try {
    const result = await run(node, [...JEST, "--json", `--outputFile=${file}`, ...args], {
      cwd: ROOT,
      stdio: "inherit",
      // Each test ends its own containers; the reaper would be one more image to pull.
      // The many processes that tests start load what the first of them has compiled, as those of npm start do.
      env: {
        TESTCONTAINERS_RYUK_DISABLED: "true",
        NODE_COMPILE_CACHE: COMPILE_CACHE,
        ...process.env,
      },
    });
    stopIfInterrupted(result);
    return count(file, result.code);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function count(file, code) {
  const result = readResult(file);
  if (result === null) return { passed: 0, failed: 1, skipped: [] };
  // A file that cannot even be loaded has no tests, but it has failed.
  const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
  return {
    passed: result.numPassedTests,
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: skippedTests(result),
  };
}

function readResult(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (_error) {
    return null;
  }
}

function skippedTests({ testResults }) {
  return testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === "pending" || status === "todo")
      .map(({ fullName }) => `${relative(ROOT, name)}: ${fullName}`),
  );
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
