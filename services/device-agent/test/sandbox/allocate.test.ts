import { readdirSync, statSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { canMountSmallDisk, mountSmallDisk, temporaryFolder } from "@weir/testkit";
import { Refusal } from "../../src/control/sandbox.ts";
import { answers, contentOf, MB, NEVER, openTestSandbox } from "./fixture.ts";

const PLENTY = 1e15;

describe("a file that is allocated", () => {
  test("has its size, takes it up on the disk, and is its owner's alone", async () => {
    using folder = temporaryFolder();
    const sandbox = openTestSandbox(folder.path);
    const { name, bytes } = await sandbox.allocate(20 * MB + 1, NEVER);
    const { size, blocks, mode } = statSync(folder.file(name));
    expect({ bytes, size, mode: mode & 0o777 }).toEqual({
      bytes: 20 * MB + 1,
      size: 20 * MB + 1,
      mode: 0o600,
    });
    expect(blocks * 512).toBeGreaterThanOrEqual(size);
    expect(name).toMatch(/^weir-[0-9a-f]{16}\.out$/);
    expect(await sandbox.usage()).toEqual({ files: 1, bytes: size, quotaBytes: 100 * MB });
  });

  test("leaves the event loop free while it is written", async () => {
    using folder = temporaryFolder();
    let turns = 0;
    const turn = (): void => {
      turns += 1;
      next = setImmediate(turn);
    };
    let next = setImmediate(turn);
    await openTestSandbox(folder.path).allocate(20 * MB, NEVER);
    clearImmediate(next);
    // One at least for each piece that is written.
    expect(turns).toBeGreaterThanOrEqual(20);
  });

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])(
    "cannot have %d bytes",
    async (bytes) => {
      using folder = temporaryFolder();
      const sandbox = openTestSandbox(folder.path, { quotaBytes: Number.MAX_VALUE });
      await expect(sandbox.allocate(bytes, NEVER)).rejects.toThrow(Refusal);
      expect(contentOf(folder.path)).toEqual({});
    },
  );
});

describe("the quota", () => {
  test("is filled to the byte, and not one further; the refusal has the figures and the remedy", async () => {
    using folder = temporaryFolder();
    const sandbox = openTestSandbox(folder.path, { quotaBytes: 3 * MB });
    await sandbox.allocate(2 * MB, NEVER);
    await expect(sandbox.allocate(MB + 1, NEVER)).rejects.toThrow(
      new Refusal(
        "no space for 1,000,001 bytes in the sandbox: 2,000,000 bytes of its quota of 3,000,000 bytes are used; request at most 1,000,000 bytes, or remove files with rm_1gb_file",
      ),
    );
    await sandbox.allocate(MB, NEVER);
    await expect(sandbox.allocate(1, NEVER)).rejects.toThrow(/used; remove files/);
    expect(await sandbox.usage()).toMatchObject({ files: 2, bytes: 3 * MB });
  });

  test("is not broken by many allocations at once", async () => {
    using folder = temporaryFolder();
    const sandbox = openTestSandbox(folder.path, { quotaBytes: 5 * MB });
    const asked = Array.from({ length: 8 }, () => sandbox.allocate(2 * MB, NEVER));
    const settled = await Promise.allSettled(asked);
    const reasons = settled.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
    expect(reasons).toHaveLength(6);
    for (const reason of reasons) expect(reason).toBeInstanceOf(Refusal);
    expect(await sandbox.usage()).toMatchObject({ files: 2, bytes: 4 * MB });
  });

  test("counts what others have put there, also while it is written", async () => {
    using folder = temporaryFolder();
    const intrude = (): number => {
      writeFileSync(folder.file("of-others"), Buffer.alloc(MB));
      return PLENTY;
    };
    const measureFree = answers(() => PLENTY, intrude);
    const sandbox = openTestSandbox(folder.path, { quotaBytes: 20 * MB, measureFree });
    await expect(sandbox.allocate(20 * MB, NEVER)).rejects.toThrow(/quota/);
    expect(contentOf(folder.path)).toEqual({ "of-others": MB });
  });

  test("bounds also the number of files, however small they are", async () => {
    using folder = temporaryFolder();
    for (let count = 0; count < 1_000; count += 1) writeFileSync(folder.file(`${count}`), "");
    await expect(openTestSandbox(folder.path).allocate(1, NEVER)).rejects.toThrow(
      /has 1000 files; remove them first/,
    );
    expect(Object.keys(contentOf(folder.path))).toHaveLength(1_000);
  });
});

describe("the reserve of the disk", () => {
  test("is kept: the refusal has the figures and the remedy", async () => {
    using folder = temporaryFolder();
    const limits = { reserveBytes: 10 * MB, measureFree: async () => 15 * MB };
    const sandbox = openTestSandbox(folder.path, limits);
    await expect(sandbox.allocate(5 * MB + 1, NEVER)).rejects.toThrow(
      "no space for 5,000,001 bytes on the disk: 15,000,000 bytes are free, of which 10,000,000 bytes are kept in reserve; request at most 5,000,000 bytes",
    );
    await sandbox.allocate(5 * MB, NEVER);
  });

  test("is kept also when others fill the disk meanwhile: nothing is left of the file", async () => {
    using folder = temporaryFolder();
    const measureFree = answers(
      () => 50 * MB,
      () => 50 * MB,
      () => 20 * MB,
    );
    const sandbox = openTestSandbox(folder.path, { reserveBytes: 10 * MB, measureFree });
    await expect(sandbox.allocate(40 * MB, NEVER)).rejects.toThrow(Refusal);
    expect(contentOf(folder.path)).toEqual({});
  });

  test("is compared with the free space of the real disk", async () => {
    using folder = temporaryFolder();
    const { openSandbox } = await import("../../src/control/sandbox.ts");
    const limits = { quotaBytes: 2 ** 52, reserveBytes: 0 };
    const sandbox = openSandbox({ folder: folder.path, ...limits });
    await expect(sandbox.allocate(2 ** 52, NEVER)).rejects.toThrow(/on the disk/);
    await sandbox.allocate(1, NEVER);
  });
});

describe("an abort of an allocation", () => {
  test("ends it with its reason, and nothing is left of the file", async () => {
    using folder = temporaryFolder();
    const aborting = new AbortController();
    let seen: string[] = [];
    const abort = (): number => {
      seen = Object.keys(contentOf(folder.path));
      aborting.abort(new Error("it took too long"));
      return PLENTY;
    };
    const measureFree = answers(
      () => PLENTY,
      () => PLENTY,
      abort,
    );
    const sandbox = openTestSandbox(folder.path, { measureFree });
    await expect(sandbox.allocate(50 * MB, aborting.signal)).rejects.toThrow("it took too long");
    expect(seen).toEqual([expect.stringMatching(/\.partial$/)]);
    expect(contentOf(folder.path)).toEqual({});
  });

  test("that came first creates no file, and the next allocation works", async () => {
    using folder = temporaryFolder();
    const sandbox = openTestSandbox(folder.path);
    const early = sandbox.allocate(MB, AbortSignal.abort(new Error("too late")));
    const next = sandbox.allocate(MB, NEVER);
    await expect(early).rejects.toThrow("too late");
    const { name } = await next;
    expect(contentOf(folder.path)).toEqual({ [name]: MB });
  });
});

describe("a disk that has less space than it reported", () => {
  (canMountSmallDisk() ? test : test.skip)(
    "refuses the file, and nothing is left of it",
    async () => {
      using disk = mountSmallDisk();
      const sandbox = openTestSandbox(disk.path);
      const refused = sandbox.allocate(3 * MB, NEVER);
      await expect(refused).rejects.toThrow(Refusal);
      await expect(refused).rejects.toThrow(
        /the disk was full before 3,000,000 bytes were written/,
      );
      expect(readdirSync(disk.path)).toEqual([]);
      await sandbox.allocate(MB, NEVER);
    },
  );
});
