import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

const QUERY = "SELECT count(reception_timestamp), count(topic), count(payload) FROM data";

const PYTHON = `
import sqlite3, sys
database = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
print("|".join(str(count) for count in database.execute(sys.argv[2]).fetchone()))
`;

/**
 * Opens a closed file as its users do, with sqlite3 and with Python, and looks whether it is one file.
 *
 * @returns what is wrong, in words. A tool that is not installed is not asked.
 */
export function openElsewhere(file: string): string[] {
  const answers = [
    ask("sqlite3", ["-readonly", file, QUERY]),
    ask("python3", ["-c", PYTHON, file, QUERY]),
  ].filter((answer) => answer !== null);
  const problems = answers
    .filter((answer) => !/^\d+\|\d+\|\d+$/.test(answer))
    .map((answer) => `${file} does not open elsewhere: ${answer}`);
  if (new Set(answers).size > 1) problems.push(`${file} reads differently: ${answers.join(", ")}`);
  for (const journal of ["-wal", "-shm"]) {
    if (existsSync(file + journal)) problems.push(`${file}${journal} was left behind`);
  }
  return problems;
}

/** What a tool prints; `null` when it is not there. */
function ask(tool: string, args: readonly string[]): string | null {
  const { error, stdout, stderr } = spawnSync(tool, args, { encoding: "utf8" });
  if (error !== undefined) return null;
  return (stdout.trim() || stderr.trim()).slice(0, 200);
}
