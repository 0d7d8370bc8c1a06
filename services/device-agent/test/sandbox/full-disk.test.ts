import { readdirSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { canMountSmallDisk, mountSmallDisk } from "@weir/testkit";
import { Refusal } from "../../src/control/control.ts";
import { MB, NEVER, openTestSandbox } from "./fixture.ts";

describe("a disk that is full although it said otherwise", () => {
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
