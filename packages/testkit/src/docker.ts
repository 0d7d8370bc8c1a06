import { spawnSync } from "node:child_process";

/**
 * Whether a Docker engine answers, for tests that need one: `const inDocker = dockerOrSkip(describe)`.
 * Without one they are skipped, loudly; in CI (`CI=true`) its absence is an error.
 */
export function hasDocker(): boolean {
  const answers = spawnSync("docker", ["info"], { stdio: "ignore" }).status === 0;
  if (answers) return true;
  if (process.env.CI === "true") throw new Error("no Docker engine answers, and CI needs one");
  process.stderr.write("\n*** SKIPPED: tests that need Docker; no Docker engine answers ***\n\n");
  return false;
}
