import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, jest, test } from "@jest/globals";
import { eventually, temporaryFolder } from "@weir/testkit";

const STARTS_WITHIN_MS = 30_000;
const FIXTURE = join(import.meta.dirname, "fixture-service.ts");

/** Some tests start several processes, one after the other. */
jest.setTimeout(180_000);

interface Trial extends Disposable {
  child: ChildProcess;
  /** What it has written to standard output and standard error so far. */
  output: () => string;
  /** Resolves with its exit code, or the name of the signal that ended it. */
  ended: Promise<number | string>;
}

function start(
  environment: Record<string, string> = {},
  args: string[] = [],
  // Without the .env of a developer.
  cwd = tmpdir(),
): Trial {
  const child = spawn(process.execPath, [FIXTURE, ...args], {
    cwd,
    env: { ...process.env, LOG_FORMAT: "json", ...environment },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk) => {
      output += chunk;
    });
  }
  const ended = once(child, "close").then(([code, signal]) => code ?? signal);
  return {
    child,
    output: () => output,
    ended,
    [Symbol.dispose]: () => void child.kill("SIGKILL"),
  };
}

const hasStarted = (trial: Trial) =>
  eventually(() => trial.output().includes('"started"'), STARTS_WITHIN_MS);

describe("a service", () => {
  test("ends with 0 when it is asked to stop", async () => {
    using trial = start();
    await hasStarted(trial);
    trial.child.kill("SIGTERM");
    expect(await trial.ended).toBe(0);
    expect(trial.output()).toContain("stopping: SIGTERM");
    expect(trial.output()).toContain("closing");
  });

  test("takes two signals at once for one: a terminal and npm both pass Ctrl-C on", async () => {
    using trial = start();
    await hasStarted(trial);
    trial.child.kill("SIGINT");
    trial.child.kill("SIGINT");
    expect(await trial.ended).toBe(0);
  });

  test("ends when its parent has ended", async () => {
    using trial = start();
    await hasStarted(trial);
    // Node emits no "close" for a child whose channel was closed from this side; "exit" it does.
    const exited = once(trial.child, "exit");
    trial.child.disconnect();
    expect(await exited).toEqual([0, null]);
  });

  test("logs text that cannot steer a terminal or begin a line, whatever came from outside", async () => {
    using trial = start({ LOG_FORMAT: "text", FIXTURE_BEHAVIOUR: "log what came" });
    const shown = "a\\u001b[2Jb\\nc\\u009b31md\\u001b]0;e\\u0007f\\u202eg\\u2028h\\ud800i";
    await eventually(() => trial.output().includes("started"), STARTS_WITHIN_MS);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
    expect(trial.output()).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]/);
    expect(trial.output()).toContain(`${shown}.`);
    expect(trial.output()).toMatch(/^ +at .*fixture-service/m);
  });

  test("that can reload reads its configuration again on SIGHUP, and continues", async () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file(".env"), "FIXTURE_SIZE=2");
    using trial = start({ FIXTURE_BEHAVIOUR: "reload" }, [], folder.path);
    await hasStarted(trial);
    writeFileSync(folder.file(".env"), "FIXTURE_SIZE=3");
    trial.child.kill("SIGHUP");
    await eventually(() => trial.output().includes("now of size 3"));
    trial.child.kill("SIGTERM");
    expect(await trial.ended).toBe(0);
  });

  test("goes on as before when what it reads on SIGHUP is wrong", async () => {
    using folder = temporaryFolder();
    using trial = start({ FIXTURE_BEHAVIOUR: "reload" }, [], folder.path);
    await hasStarted(trial);
    writeFileSync(folder.file(".env"), "FIXTURE_SIZE=99");
    trial.child.kill("SIGHUP");
    await eventually(() => trial.output().includes("not reloaded, continuing as before"));
    expect(trial.output()).not.toContain("now of size");
    trial.child.kill("SIGTERM");
    expect(await trial.ended).toBe(0);
  });

  test("that cannot reload stops on SIGHUP: its terminal was closed", async () => {
    using trial = start();
    await hasStarted(trial);
    trial.child.kill("SIGHUP");
    expect(await trial.ended).toBe(0);
  });

  test("that hangs while it stops ends anyway, with 1", async () => {
    using trial = start({ FIXTURE_BEHAVIOUR: "hang at stop" });
    await hasStarted(trial);
    trial.child.kill("SIGTERM");
    expect(await trial.ended).toBe(1);
    expect(trial.output()).toContain("did not stop within 2000 ms");
  });

  test("ends at once on a second signal", async () => {
    using trial = start({ FIXTURE_BEHAVIOUR: "hang at stop" });
    await hasStarted(trial);
    trial.child.kill("SIGTERM");
    await eventually(() => trial.output().includes("closing"));
    // The same signal within half a second counts as the same Ctrl-C, so it is sent until it is taken.
    const ended = trial.ended.then((code) => ({ code }));
    await eventually(async () => {
      trial.child.kill("SIGINT");
      return Promise.race([ended, new Promise((resolve) => setImmediate(resolve, null))]);
    });
    expect(await trial.ended).toBe(130);
  });

  test("reports every bad setting at once and ends with 78", async () => {
    using trial = start({ FIXTURE_SIZE: "big", LOG_LEVEL: "loud" });
    expect(await trial.ended).toBe(78);
    expect(trial.output()).toContain('FIXTURE_SIZE: "big" is not allowed');
    expect(trial.output()).toContain('LOG_LEVEL: "loud" is not allowed');
  });

  test("takes an option for a variable, and refuses one that it does not have", async () => {
    using wrong = start({}, ["--size", "huge"]);
    expect(await wrong.ended).toBe(78);
    expect(wrong.output()).toContain('FIXTURE_SIZE: "huge"');
    using unknown = start({}, ["--colour", "red"]);
    expect(await unknown.ended).toBe(78);
    expect(unknown.output()).toContain("--colour");
  });

  test("does not take from its command line what belongs into the environment", async () => {
    using trial = start({}, ["--size", "5"]);
    expect(await trial.ended).toBe(78);
    expect(trial.output()).toContain("--size: 5 is for the environment alone");
    using other = start({ FIXTURE_SIZE: "5" });
    await hasStarted(other);
  });

  test("explains itself with --help", async () => {
    using trial = start({}, ["--help"]);
    expect(await trial.ended).toBe(0);
    expect(trial.output()).toContain("FIXTURE_SIZE  (default 1)");
    expect(trial.output()).toContain("--size …  sets FIXTURE_SIZE");
    expect(trial.output()).toContain("Nothing is known of its colour.");
  });

  test("that cannot start says why and what to do, with the fault's exit code", async () => {
    using trial = start({ FIXTURE_BEHAVIOUR: "fault at start" });
    expect(await trial.ended).toBe(73);
    expect(trial.output()).toMatch(/"remedy":"Free some space\.","msg":"the disk is full"/);
  });

  test("closes what it has opened when it faults later, and ends with 1", async () => {
    using trial = start({ FIXTURE_BEHAVIOUR: "fault later" });
    expect(await trial.ended).toBe(1);
    expect(trial.output()).toContain("it broke");
    expect(trial.output()).toContain("closing");
  });

  test("names the setting when its port is taken", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const address = taken.address();
    const port = typeof address === "object" ? String(address?.port) : "";
    using trial = start({ FIXTURE_HTTP_PORT: port });
    expect(await trial.ended).toBe(69);
    expect(trial.output()).toContain(`port ${port} on 127.0.0.1 is taken`);
    expect(trial.output()).toContain("FIXTURE_HTTP_PORT");
    taken.close();
  });
});
