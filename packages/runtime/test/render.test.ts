import { expect, test } from "@jest/globals";
import { integer, renderEnvExample, renderHelp, section } from "@weir/runtime";

const settings = section("Waiting", {
  PAUSE_MS: integer({ description: "A pause, in milliseconds.", default: 10, min: 1, max: 100 }),
});

test("the example file has each setting once, with description, range and default", () => {
  const example = renderEnvExample([settings, settings]);
  expect(example.match(/PAUSE_MS/g)).toHaveLength(1);
  expect(example).toContain(
    "# --- Waiting ---\n# A pause, in milliseconds.\n# Allowed: a whole number from 1 to 100.\n#PAUSE_MS=10\n",
  );
});

test("help names the setting, its default and its range", () => {
  expect(renderHelp(settings)).toBe(
    "  PAUSE_MS  (default 10)\n      A pause, in milliseconds. Allowed: a whole number from 1 to 100.",
  );
});
