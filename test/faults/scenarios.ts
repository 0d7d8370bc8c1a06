import { proxyCut } from "./cut.ts";
import { kill, killPruning } from "./kill.ts";
import type { Scenario } from "./scenario.ts";

/** All of them, in the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [kill, killPruning, proxyCut];
