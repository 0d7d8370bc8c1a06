import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { expect, jest, test } from "@jest/globals";

// The figures start a logger.
jest.setTimeout(60_000);

const { scripts }: { scripts: Record<string, string> } = JSON.parse(
  readFileSync("package.json", "utf8"),
);

test.each(Object.entries(scripts))("npm run %s installs what it needs first", (_, script) => {
  for (const command of script.split(" && ")) {
    expect(command).toMatch(/^(exec )?node (tools\/(start|test|pinned-node)|weir\/bin)\.mjs\b/);
  }
  // The last one gets the signals that npm gets.
  expect(script.split(" && ").at(-1)).toMatch(/^exec /);
});

test.each(["tools/sbom.mjs", "tools/source-figures.mjs"])(
  "%s ends quietly when its reader has left",
  async (program) => {
    const child = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.destroy();
    const [errors, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
    expect({ errors, code }).toEqual({ errors: "", code: 0 });
  },
);
