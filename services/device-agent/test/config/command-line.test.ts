import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, jest, test } from "@jest/globals";
import { temporaryFolder } from "@weir/testkit";
import { deviceAgentOptions } from "../../src/config/config.ts";

// Processes are started, some of them one after the other.
jest.setTimeout(180_000);

const MAIN = join(import.meta.dirname, "../../src/main.ts");

/** Exit code and output of the device agent, in a folder without .env and agent.yaml. */
function run(...args: string[]): { status: number | null; output: string } {
  using folder = temporaryFolder();
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd: folder.path,
    encoding: "utf8",
  });
  return { status, output: stdout + stderr };
}

describe("the command line of the device agent", () => {
  test("lists with --help its kinds of sources and its commands", () => {
    const { status, output } = run("--help");
    expect(status).toBe(0);
    for (const words of ["--source …  sets DEVICE_SOURCES", "random_walk  ", "report_now  "]) {
      expect(output).toContain(words);
    }
  });

  test("takes no password", () => {
    const { status, output } = run("--broker", "mqtt://me:hidden@barn");
    expect(status).toBe(78);
    expect(output).toMatch(/--broker: a password must not be on the command line.*BROKER_PASSWORD/);
    expect(output).not.toContain("hidden");
  });

  test.each([
    ["mqtt://me:hidden@barn", true],
    ["mqtts://:hidden@barn:8883", true],
    ["mqtt://me:hid@den@barn", true],
    ["mqtt://me:@barn", true],
    ["mqtt://me@barn:1883", false],
    ["mqtt://[::1]:1883", false],
    ["ws://barn:9001/mqtt?to=a:b@c", false],
  ])("looks for one in %s", (url, isRefused) => {
    const { broker } = deviceAgentOptions;
    if (typeof broker !== "object") throw new Error("--broker takes everything");
    expect(broker.problem(url) !== null).toBe(isRefused);
  });

  test("sets settings, whose problems name the option", () => {
    const { status, output } = run("--broker", "http://[::1]", "--id", "a b", "--interval", "0");
    expect(status).toBe(78);
    for (const name of ["BROKER_URL", "DEVICE_ID", "DEVICE_INTERVAL_SECONDS"]) {
      expect(output).toContain(`${name}: "`);
    }
  });
});
