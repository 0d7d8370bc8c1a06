import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { EXIT_CODES, Fault } from "@weir/runtime";
import { faultOf, type TemporaryFolder, temporaryFolder } from "@weir/testkit";
import { answers, contentOf, MB, NEVER, openTestSandbox } from "./fixture.ts";

const PLENTY = 1e15;
const NAME = "weir-0123456789abcdef.out";

/** A sandbox in a folder, beside a file that must stay as it is. */
function surroundings(folder: TemporaryFolder): { sandbox: string; victim: string } {
  const victim = folder.file("victim");
  writeFileSync(victim, "precious");
  return { sandbox: folder.file("sandbox"), victim };
}

describe("the folder of a sandbox", () => {
  test("is made for its owner alone, with those above it", () => {
    using folder = temporaryFolder();
    const path = folder.file("data/agent/sandbox");
    openTestSandbox(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  test.each(["", "/"])("is no symbolic link (given with %p at its end)", (end) => {
    using folder = temporaryFolder();
    const { sandbox } = surroundings(folder);
    mkdirSync(folder.file("elsewhere"));
    symlinkSync(folder.file("elsewhere"), sandbox);
    expect(faultOf(() => openTestSandbox(sandbox + end))).toMatchObject({
      message: `the sandbox ${sandbox} is a link or a file, not a folder`,
      exitCode: EXIT_CODES.configuration,
    });
  });

  test("is no dangling link and no file, and can be made", () => {
    using folder = temporaryFolder();
    const { sandbox, victim } = surroundings(folder);
    symlinkSync(folder.file("nowhere"), sandbox);
    for (const path of [sandbox, victim, `${victim}/below`]) {
      expect(faultOf(() => openTestSandbox(path)).exitCode).toBe(EXIT_CODES.configuration);
    }
    expect(readdirSync(folder.path).sort()).toEqual(["sandbox", "victim"]);
  });

  test("that was exchanged is not used any more", async () => {
    using folder = temporaryFolder();
    const path = folder.file("sandbox");
    const elsewhere = folder.file("elsewhere");
    const sandbox = openTestSandbox(path);
    const { name } = await sandbox.allocate(1, NEVER);
    mkdirSync(elsewhere);
    writeFileSync(`${elsewhere}/${name}`, "of others");
    renameSync(path, folder.file("moved"));
    symlinkSync(elsewhere, path);

    const isExchanged = /is no longer the folder that it was at the start/;
    await expect(sandbox.allocate(1, NEVER)).rejects.toThrow(isExchanged);
    await expect(sandbox.removeAll()).rejects.toThrow(isExchanged);
    await expect(sandbox.usage()).rejects.toThrow(isExchanged);
    expect(contentOf(elsewhere)).toEqual({ [name]: 9 });

    // Another folder of that name is not that one either; the first one is.
    unlinkSync(path);
    mkdirSync(path);
    await expect(sandbox.usage()).rejects.toThrow(isExchanged);
    rmSync(path, { recursive: true });
    renameSync(folder.file("moved"), path);
    expect(await sandbox.removeAll()).toEqual({ files: 1, bytes: 1, leftAlone: 0 });
  });

  test("that is exchanged while a file is written gets nothing of it, and no space stays used", async () => {
    using folder = temporaryFolder();
    const { sandbox: path } = surroundings(folder);
    const elsewhere = folder.file("elsewhere");
    mkdirSync(elsewhere);
    const exchange = (): number => {
      renameSync(path, folder.file("moved"));
      symlinkSync(elsewhere, path);
      return PLENTY;
    };
    const measureFree = answers(
      () => PLENTY,
      () => PLENTY,
      exchange,
    );
    const sandbox = openTestSandbox(path, { measureFree });
    await expect(sandbox.allocate(50 * MB, NEVER)).rejects.toThrow(Fault);
    expect(readdirSync(elsewhere)).toEqual([]);
    expect(Object.values(contentOf(folder.file("moved")))).toEqual([0]);
  });
});

describe("a file that is exchanged for a link while it is written", () => {
  test("ends the allocation, and what the link leads to stays as it is", async () => {
    using folder = temporaryFolder();
    const { sandbox: path, victim } = surroundings(folder);
    const exchange = (): number => {
      const [partial] = readdirSync(path);
      unlinkSync(`${path}/${partial}`);
      symlinkSync(victim, `${path}/${partial}`);
      return PLENTY;
    };
    const measureFree = answers(() => PLENTY, exchange);
    const sandbox = openTestSandbox(path, { measureFree });
    await expect(sandbox.allocate(MB, NEVER)).rejects.toThrow(/was replaced while it was written/);
    expect(readFileSync(victim, "utf8")).toBe("precious");
    expect(await sandbox.removeAll()).toEqual({ files: 0, bytes: 0, leftAlone: 1 });
  });
});

describe("rm_1gb_file", () => {
  test("removes what the sandbox has created, and nothing else", async () => {
    using folder = temporaryFolder();
    const { sandbox: path, victim } = surroundings(folder);
    const sandbox = openTestSandbox(path);
    await sandbox.allocate(MB, NEVER);
    await sandbox.allocate(2 * MB, NEVER);
    const made = readdirSync(path);

    symlinkSync("/etc/passwd", `${path}/weir-1.out`);
    symlinkSync(victim, `${path}/${NAME}`);
    linkSync(victim, `${path}/weir-00000000000000aa.out`);
    mkdirSync(`${path}/weir-00000000000000bb.out`);
    writeFileSync(`${path}/weir-2.out`, "called almost so");
    writeFileSync(`${path}/notes.txt`, "of others");
    writeFileSync(`${path}/old.out`, "of others");

    expect(await sandbox.removeAll()).toEqual({ files: 2, bytes: 3 * MB, leftAlone: 5 });
    expect(readdirSync(path).sort()).toEqual([
      "notes.txt",
      "old.out",
      "weir-00000000000000aa.out",
      "weir-00000000000000bb.out",
      NAME,
      "weir-1.out",
      "weir-2.out",
    ]);
    for (const name of made) expect(lstatSync(`${path}/${name}`, NOT_THERE)).toBeUndefined();
    expect(readFileSync(victim, "utf8")).toBe("precious");
    expect(await sandbox.removeAll()).toEqual({ files: 0, bytes: 0, leftAlone: 5 });
  });

  test("waits for a file that is being written, and removes that, too", async () => {
    using folder = temporaryFolder();
    const sandbox = openTestSandbox(folder.path);
    const written = sandbox.allocate(10 * MB, NEVER);
    const removed = sandbox.removeAll();
    await written;
    expect(await removed).toEqual({ files: 1, bytes: 10 * MB, leftAlone: 0 });
    expect(readdirSync(folder.path)).toEqual([]);
  });
});

describe("the files of a killed run", () => {
  test("are removed at the start if they are partial; whole files and those of others stay", async () => {
    using folder = temporaryFolder();
    const { sandbox: path, victim } = surroundings(folder);
    mkdirSync(path);
    writeFileSync(`${path}/${NAME}.partial`, "half");
    writeFileSync(`${path}/${NAME}`, "whole");
    writeFileSync(`${path}/download.partial`, "of others");
    symlinkSync(victim, `${path}/weir-00000000000000aa.out.partial`);
    linkSync(victim, `${path}/weir-00000000000000bb.out.partial`);
    mkdirSync(`${path}/weir-00000000000000cc.out.partial`);

    const sandbox = openTestSandbox(path);
    expect(readdirSync(path).sort()).toEqual([
      "download.partial",
      "weir-00000000000000aa.out.partial",
      "weir-00000000000000bb.out.partial",
      "weir-00000000000000cc.out.partial",
      NAME,
    ]);
    expect(await sandbox.removeAll()).toEqual({ files: 1, bytes: 5, leftAlone: 3 });
    expect(readFileSync(victim, "utf8")).toBe("precious");
  });
});

const NOT_THERE = { throwIfNoEntry: false } as const;
