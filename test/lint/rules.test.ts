import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { temporaryFolder } from "@weir/testkit";

const BIOME = resolve("node_modules/.bin/biome");

/** What the rules of this repository say of a file of this path with this content. */
function lint(path: string, content: string): string {
  using folder = temporaryFolder();
  cpSync("biome.json", folder.file("biome.json"));
  cpSync("tools/lint", folder.file("tools/lint"), { recursive: true });
  mkdirSync(dirname(folder.file(path)), { recursive: true });
  writeFileSync(folder.file(path), content);
  const { stdout, stderr } = spawnSync(BIOME, ["lint", "--colors=off", path], {
    cwd: folder.path,
    encoding: "utf8",
  });
  return stdout + stderr;
}

const NEITHER = "export const one = 1;\n";
const SECOND_LIBRARY =
  'import { DatabaseSync } from "node:sqlite";\nexport const one = DatabaseSync;\n';
const AROUND_PRINT = [
  'process.stdout.write("one");\n',
  'process.stderr.write("one", () => {});\n',
  'console.log("one", 2);\n',
];

const SLOW_LIMITS = [
  "a = ? LIMIT ?",
  "LIMIT @limit)",
  "LIMIT ? OFFSET ?",
  "ORDER BY b\nLIMIT :most",
];
const FAST_LIMITS = ["a = ? LIMIT +?", "LIMIT +@limit)", "LIMIT 1 OFFSET ?", "LIMIT 10"];

describe("the lint rules", () => {
  test.each(["packages/store/src/a.ts", "test/faults/a.ts", "bench/a.ts", "tools/a.ts"])(
    "keep a second SQLite library out of %s",
    (path) => {
      expect(lint(path, SECOND_LIBRARY)).toContain(
        "Two SQLite libraries in one process do not see each other's locks",
      );
      expect(lint(path, NEITHER)).not.toContain("SQLite");
    },
  );

  test.each(AROUND_PRINT)("forbid output without print(): %s", (code) => {
    expect(lint("services/logger/src/a.ts", code)).toMatch(/plugin|noConsole/);
    expect(lint("services/logger/test/a.test.ts", code)).not.toContain("plugin");
  });

  test.each(SLOW_LIMITS)("forbid a parameter alone behind LIMIT: %j", (sql) => {
    expect(lint("packages/store/src/a.ts", `prepare(\`${sql}\`);\n`)).toContain("Write LIMIT +?");
    if (!sql.includes("\n")) {
      expect(lint("packages/store/src/a.ts", `prepare("${sql}");\n`)).toContain("Write LIMIT +?");
    }
  });

  test.each(FAST_LIMITS)("allow %s", (sql) => {
    expect(lint("packages/store/src/a.ts", `prepare(\`${sql}\`);\n`)).not.toContain("plugin");
  });
});
