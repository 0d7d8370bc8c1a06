import type { NodeType } from "../node/node.ts";
import { alert } from "./alert.ts";
import { alertChange } from "./alert-change.ts";
import { button } from "./button.ts";
import { change } from "./change.ts";
import { command } from "./command.ts";
import { commandResult } from "./command-result.ts";
import { debounce } from "./debounce.ts";
import { debug } from "./debug.ts";
import { delay } from "./delay.ts";
import { device } from "./device.ts";
import { email } from "./email.ts";
import { expression } from "./expression.ts";
import { history, statistics } from "./history.ts";
import { inactive } from "./inactive.ts";
import { all, any } from "./joins.ts";
import { latch } from "./latch.ts";
import { ntfy } from "./ntfy.ts";
import { press } from "./press.ts";
import { publish } from "./publish.ts";
import { rate } from "./rate.ts";
import { schedule } from "./schedule.ts";
import { series } from "./series.ts";
import { store } from "./store.ts";
import { stored } from "./stored.ts";
import { switchNode } from "./switch.ts";
import { system } from "./system.ts";
import { table } from "./table.ts";
import { template } from "./template.ts";
import { threshold } from "./threshold.ts";
import { throttle } from "./throttle.ts";
import { timer } from "./timer.ts";
import { topic } from "./topic.ts";
import { webhook } from "./webhook.ts";

const TRIGGERS: readonly NodeType[] = [
  ...[series, topic, device, inactive, commandResult, timer, button, system, alertChange],
];
const CONDITIONS: readonly NodeType[] = [
  ...[threshold, expression, change, rate, all, any, switchNode],
  ...[throttle, debounce, latch, schedule],
];
const DATA: readonly NodeType[] = [stored, statistics, history, table, template, delay];
const ACTIONS: readonly NodeType[] = [
  ...[alert, command, debug, email, ntfy, press, publish, store, webhook],
];

/** Every type of node, by its name in files. */
export const NODES: ReadonlyMap<string, NodeType> = new Map(
  [...TRIGGERS, ...CONDITIONS, ...DATA, ...ACTIONS].map((type) => [type.type, type]),
);
