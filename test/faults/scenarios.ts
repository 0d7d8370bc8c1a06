import { backlog } from "./backlog.ts";
import { clock } from "./clock.ts";
import { commands } from "./commands.ts";
import { proxyCut } from "./cut.ts";
import { damaged } from "./damaged.ts";
import { disk } from "./disk.ts";
import { fsync } from "./fsync.ts";
import { kill, killPruning } from "./kill.ts";
import { queue } from "./queue.ts";
import { rotation, rotationSoak } from "./rotation.ts";
import type { Scenario } from "./scenario.ts";
import { secondLogger } from "./second-logger.ts";
import { stop } from "./stop.ts";
import { proxy } from "./weather.ts";

/** All of them, in the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [
  kill,
  killPruning,
  rotation,
  rotationSoak,
  proxyCut,
  proxy,
  stop,
  queue,
  backlog,
  secondLogger,
  disk,
  fsync,
  clock,
  damaged,
  commands,
];
