import { backlog, queue } from "./absent-logger.ts";
import { burst } from "./burst.ts";
import { clock } from "./clock.ts";
import { commands } from "./commands.ts";
import { proxyCut } from "./cut.ts";
import { damaged } from "./damaged.ts";
import { disk, fsync } from "./disk.ts";
import { history } from "./history.ts";
import { historyDisk } from "./history-disk.ts";
import { kill, killPruning } from "./kill.ts";
import { proxy } from "./network.ts";
import { rotation, rotationSoak } from "./rotation.ts";
import type { Scenario } from "./scenario.ts";
import { secondLogger } from "./second-logger.ts";
import { stop } from "./stop.ts";
import { workflows } from "./workflows.ts";

/** All of them, in the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [
  kill,
  killPruning,
  rotation,
  rotationSoak,
  history,
  proxyCut,
  proxy,
  stop,
  queue,
  backlog,
  burst,
  secondLogger,
  disk,
  historyDisk,
  fsync,
  clock,
  damaged,
  commands,
  workflows,
];
