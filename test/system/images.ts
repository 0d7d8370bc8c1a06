import { execFileSync, spawnSync } from "node:child_process";

/** Of the images that tests build, so that those of a user stay as they are. */
export const TEST_TAG = "test";

/** Disposing removes the images of tests that have been built again since, and have no name any more. */
export function removingReplacedImages(): Disposable {
  const before = images(`reference=weir*:${TEST_TAG}`);
  return {
    [Symbol.dispose]: () => {
      // A user's image may be the same one: then it has a name.
      const replaced = [...before.intersection(images("dangling=true"))];
      // A container of another run may still use one: it stays.
      if (replaced.length > 0) spawnSync("docker", ["image", "rm", ...replaced]);
    },
  };
}

/** The ids of what a filter of `docker images` selects. */
function images(filter: string): Set<string> {
  const args = ["images", "--no-trunc", "--quiet", "--filter", filter];
  return new Set(execFileSync("docker", args, { encoding: "utf8" }).split("\n").filter(Boolean));
}
