import { alert } from "./alert.ts";
import { alertChange } from "./alert-change.ts";
import { button } from "./button.ts";
import { command } from "./command.ts";
import { commandResult } from "./command-result.ts";
import { debug } from "./debug.ts";
import { device } from "./device.ts";
import { email } from "./email.ts";
import { inactive } from "./inactive.ts";
import type { NodeType } from "./node.ts";
import { ntfy } from "./ntfy.ts";
import { press } from "./press.ts";
import { publish } from "./publish.ts";
import { schedule } from "./schedule.ts";
import { series } from "./series.ts";
import { store } from "./store.ts";
import { system } from "./system.ts";
import { threshold } from "./threshold.ts";
import { timer } from "./timer.ts";
import { topic } from "./topic.ts";
import { webhook } from "./webhook.ts";

const TRIGGERS: readonly NodeType[] = [
  ...[series, topic, device, inactive, commandResult, timer, button, system, alertChange],
];
const CONDITIONS: readonly NodeType[] = [threshold, schedule];
const ACTIONS: readonly NodeType[] = [
  ...[alert, command, debug, email, ntfy, press, publish, store, webhook],
];

/** Every type of node, by its name in files. */
export const NODES: ReadonlyMap<string, NodeType> = new Map(
  [...TRIGGERS, ...CONDITIONS, ...ACTIONS].map((type) => [type.type, type]),
);
