import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Case, FIGURES, type FigureName, ratio } from "../comparison.ts";

const execute = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");

/** A commit of this repository that was checked out. */
export interface OtherCommit {
  /** As the user has named it. */
  ref: string;
  /** Its services/logger/src/main.ts. */
  program: string;
}

/**
 * Checks a commit out into an empty folder, and installs what it needs there.
 *
 * @throws TypeError in words for a user when there is no such commit.
 */
export async function checkOut(ref: string, folder: string): Promise<OtherCommit> {
  const commit = await commitOf(ref);
  await execute("git", ["clone", "--quiet", "--shared", "--no-checkout", ROOT, folder]);
  await execute("git", ["-C", folder, "checkout", "--quiet", "--detach", commit]);
  await execute("node", ["tools/pinned-node.mjs", "--version"], { cwd: folder });
  return { ref, program: join(folder, "services/logger/src/main.ts") };
}

async function commitOf(ref: string): Promise<string> {
  try {
    const args = ["-C", ROOT, "rev-parse", "--verify", "--quiet", "--end-of-options"];
    return (await execute("git", [...args, `${ref}^{commit}`])).stdout.trim();
  } catch (cause) {
    const remedy = "name a branch, a tag or a commit, such as HEAD~1";
    throw new TypeError(`--compare: ${ref} is no commit of this repository; ${remedy}`, { cause });
  }
}

/**
 * A case in which Weir, its first contender, meets the Weir of another commit, with the ratio of each figure.
 *
 * @param other the same case with the program of that commit.
 */
export function besideItself<C extends Case>(one: C, other: C, ref: string): C {
  const [ours] = one.contenders;
  const [theirs] = other.contenders;
  if (ours === undefined || theirs === undefined) throw new Error(`${one.name} has no contender`);
  const named = { ...theirs, name: `${theirs.name} at ${ref}` };
  // The keys of FIGURES are its names.
  const claims = (Object.keys(FIGURES) as FigureName[]).map((name) => ({
    text: `${one.title}: ${FIGURES[name].title}, over ${ref}`,
    target: null,
    of: ratio(name, ours, named),
  }));
  return { ...one, contenders: [ours, named], claims };
}
