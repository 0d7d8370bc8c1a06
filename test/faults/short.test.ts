import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { createRandom } from "./scenario.ts";
import { SCENARIOS } from "./scenarios.ts";

const WEIR = fileURLToPath(new URL("../../weir/src/main.ts", import.meta.url));
const SEED = "20260101";
/** The harness has its own, shorter limits. */
const TIMEOUT_MS = 600_000;

/** The harness as a developer calls it. */
async function faults(...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [WEIR, "faults", ...args], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  return { code, output };
}

describe("weir faults", () => {
  // The longest are the last of them: they begin first here.
  for (const { name, shortCycles, summary, obstacle } of SCENARIOS.toReversed()) {
    const isPossible = (obstacle?.() ?? null) === null;
    // Each has its own broker and folder, and mostly waits: several at once take little longer than one.
    (isPossible ? test.concurrent : test.skip)(
      `loses nothing and repeats nothing: ${name} (${summary})`,
      async () => {
        const { code, output } = await faults(
          ...["--only", name, "--cycles", String(shortCycles), "--seed", SEED],
        );
        expect(output).toMatch(/lost 0, duplicate 0/);
        expect({ code, output }).toEqual({
          code: 0,
          output: expect.stringMatching(/1 passed, 0 failed/),
        });
      },
      TIMEOUT_MS,
    );
  }

  test(
    "lists what it can break",
    async () => {
      const { code, output } = await faults("--list");
      expect(code).toBe(0);
      for (const { name } of SCENARIOS) expect(output).toContain(name);
    },
    TIMEOUT_MS,
  );

  test(
    "says what is wrong with its arguments",
    async () => {
      expect(await faults("--only", "weather")).toMatchObject({ code: 78 });
      expect(await faults("--cycles", "0")).toMatchObject({ code: 78 });
    },
    TIMEOUT_MS,
  );

  test("makes the same decisions from the same seed", () => {
    const decisions = (seed: number) => {
      const random = createRandom(seed);
      return Array.from({ length: 20 }, () => random.between(1, 1_000));
    };
    expect(decisions(1)).toEqual(decisions(1));
    expect(decisions(1)).not.toEqual(decisions(2));
  });
});
