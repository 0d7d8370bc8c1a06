import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { ROOT } from "./install.mjs";
import { run } from "./run.mjs";

const JEST = [
  "--experimental-vm-modules",
  "--disable-warning=ExperimentalWarning",
  join(ROOT, "node_modules/jest/bin/jest.js"),
];

// Whole suites in containers or processes: two at once would fight for the machine's cores and ports.
const WHOLE_SUITES = "<rootDir>/(standalone|test/(system|faults))/";
const ALL_BUT_WHOLE_SUITES = `^(?!${WHOLE_SUITES})`;

const GROUPS = [
  ["--maxWorkers=100%", `--testPathIgnorePatterns=${WHOLE_SUITES}`],
  ["--runInBand", `--testPathIgnorePatterns=${ALL_BUT_WHOLE_SUITES}`],
];

/**
 * Runs the tests whose path matches: the small ones side by side, then whole suites one by one.
 *
 * @param {string} node
 * @param {string[]} patterns none: all tests.
 * @returns {Promise<{ code: number, passed: number, failed: number, skipped: string[], interruptedWith: number | null }>}
 */
export async function runTests(node, patterns) {
  const total = { passed: 0, failed: 0, skipped: [], interruptedWith: null };
  for (const group of GROUPS) {
    const result = await runGroup(node, [...group, "--passWithNoTests", ...patterns]);
    total.passed += result.passed;
    total.failed += result.failed;
    total.skipped.push(...result.skipped);
    total.interruptedWith = result.interruptedWith;
    if (result.interruptedWith !== null) break;
  }
  return total;
}

async function runGroup(node, args) {
  const folder = mkdtempSync(join(tmpdir(), "weir-test-"));
  const file = join(folder, "result.json");
  try {
    const { code, interruptedWith } = await run(
      node,
      [...JEST, "--json", `--outputFile=${file}`, ...args],
      {
        cwd: ROOT,
        stdio: "inherit",
        // Each test ends its own containers; the reaper would be one more image to pull.
        env: { TESTCONTAINERS_RYUK_DISABLED: "true", ...process.env },
      },
    );
    return { ...count(file, code), interruptedWith };
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
