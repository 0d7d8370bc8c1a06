// When a device on a battery looks for a broker that is away: the gate of its link, on a fake clock.
//
//   node tools/pinned-node.mjs tools/schedule.ts [--hours 24] [--seed 1] [--alarm HOUR]... [--press HOUR]...
import { setImmediate as turn } from "node:timers/promises";
import { parseArgs } from "node:util";
import {
  ALARM_URGENCY_MS,
  createReconnectGate,
  EVENT_TTL_MS,
  ON_BATTERY,
  spendAttempt,
} from "@weir/delivery";
import { backoffMs } from "@weir/mqtt";
import { errorMessage, print } from "@weir/runtime";
import { createFakeClock } from "@weir/testkit";
import Table from "cli-table3";

const STEP_MS = 1_000;
const HOUR_MS = 60 * 60 * 1_000;
const HOURS_MAX = 24 * 31;

/** Numbers in [0, 1) that the same seed gives again: a linear congruential generator (Numerical Recipes). */
export function createJitter(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

export interface OutagePlan {
  hours: number;
  seed: number;
  /** When, in hours after the broker went away. */
  alarms: readonly number[];
  presses: readonly number[];
}

/** The attempts of one outage: milliseconds after it began. */
export async function outageSchedule({ hours, seed, alarms, presses }: OutagePlan) {
  const clock = createFakeClock();
  const random = createJitter(seed);
  const delay = (attempt: number) => backoffMs(ON_BATTERY.backoff, attempt, random());
  const gate = createReconnectGate({ delay, budget: ON_BATTERY.budget, clock });
  for (const hour of alarms) clock.schedule(hour * HOUR_MS, () => gate.hurry(ALARM_URGENCY_MS));
  for (const hour of presses) clock.schedule(hour * HOUR_MS, () => gate.hurry(EVENT_TTL_MS));

  const attemptsAtMs: number[] = [];
  const over = new AbortController();
  const attempting = (async () => {
    for (let attempt = 0; ; attempt += 1) {
      await gate.reconnect(attempt, over.signal);
      if (over.signal.aborted) return;
      attemptsAtMs.push(clock.monotonic());
    }
  })();
  while (clock.monotonic() < hours * HOUR_MS) {
    clock.advance(STEP_MS);
    await turn();
  }
  over.abort();
  await attempting;
  return attemptsAtMs;
}

/** As many attempts as the budget allows in so many hours. */
export function attemptsMax(hours: number): number {
  return Math.floor(ON_BATTERY.budget.burst + ON_BATTERY.budget.perHour * hours);
}

function clockTime(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

function render(attemptsAtMs: readonly number[]): string {
  const { budget } = ON_BATTERY;
  const table = new Table({
    head: ["attempt", "at", "after", "budget left"],
    chars: { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" },
    style: { head: [], border: [] },
  });
  let repaidMs = 0;
  let beforeMs = 0;
  for (const [index, nowMs] of attemptsAtMs.entries()) {
    repaidMs = spendAttempt(budget, { repaidMs, nowMs });
    const left = Math.floor(budget.burst - ((repaidMs - nowMs) * budget.perHour) / HOUR_MS + 1e-9);
    table.push([index + 1, clockTime(nowMs), clockTime(nowMs - beforeMs), left]);
    beforeMs = nowMs;
  }
  return table.toString();
}

function parseOptions(args: string[]) {
  const text = { type: "string" } as const;
  const texts = { type: "string", multiple: true } as const;
  const options = { hours: text, seed: text, alarm: texts, press: texts };
  return parseArgs({ args, options }).values;
}

/** The plan that the command line asks for; a sentence when it asks for none that can be. */
function readPlan(args: string[]): OutagePlan | string {
  let values: ReturnType<typeof parseOptions>;
  try {
    values = parseOptions(args);
  } catch (error) {
    return errorMessage(error);
  }
  const plan = {
    hours: Number(values.hours ?? 24),
    seed: Number(values.seed ?? 1),
    alarms: (values.alarm ?? ["0", "6"]).map(Number),
    presses: (values.press ?? ["12"]).map(Number),
  };
  const isHour = (hour: number) => hour >= 0 && hour <= HOURS_MAX;
  if (![plan.hours, ...plan.alarms, ...plan.presses].every(isHour)) {
    return `--hours, --alarm and --press are numbers of hours from 0 to ${HOURS_MAX}`;
  }
  return Number.isInteger(plan.seed) ? plan : "--seed is a whole number";
}

if (import.meta.main) {
  const plan = readPlan(process.argv.slice(2));
  if (typeof plan === "string") {
    print(`${plan}\n`, { to: process.stderr });
    process.exitCode = 64;
  } else {
    const { hours, seed, alarms, presses } = plan;
    const attemptsAtMs = await outageSchedule(plan);
    const list = (of: readonly number[]) => of.join(", ") || "none";
    print(
      `The broker goes away at 00:00:00. Alarms at hour ${list(alarms)}; presses at hour ${list(presses)}; seed ${seed}.\n` +
        `${render(attemptsAtMs)}\n` +
        `${attemptsAtMs.length} attempts in ${hours} h; the budget allows ${attemptsMax(hours)}\n`,
    );
  }
}
