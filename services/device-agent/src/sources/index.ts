import { source as command } from "./command.ts";
import { source as randomScatter } from "./random-scatter.ts";
import { source as randomWalk } from "./random-walk.ts";
import { source as replay } from "./replay.ts";
import type { SourceKind } from "./source.ts";
import { source as spaceUsage } from "./space-usage.ts";
import { source as system } from "./system.ts";

/** For programs that open one without a configuration. */
export { randomWalk };

/** The kinds of sources that Weir brings. */
export const SOURCE_KINDS: readonly SourceKind[] = [
  command,
  randomScatter,
  randomWalk,
  replay,
  spaceUsage,
  system,
];
