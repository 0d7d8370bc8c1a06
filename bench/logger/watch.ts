import { setTimeout as pause } from "node:timers/promises";
import type { Load, Sent } from "./load/load.ts";
import type { Source } from "./load/sources.ts";
import { withDeadline } from "./process/deadline.ts";
import { cpuUs, rssBytes } from "./process/usage.ts";
import type { Running } from "./subjects/subject.ts";

/** A subject that runs, and what is sent to it. */
export interface Watching {
  running: Running;
  source: Source;
  load: Load;
  /** The process between source and subject, or the source; `null` where it cannot be seen. */
  otherPid: number | null;
  /** Called now and then while the load runs. */
  onPoll?: ((pid: number) => void) | undefined;
  signal: AbortSignal;
}

/** What a subject made of a load. */
export interface Watched {
  sent: Sent;
  /** How many messages it has taken in. */
  taken: number;
  /** When that last changed, in milliseconds since the epoch. */
  lastMs: number;
  /** Processor time of the subject, and of the other process. */
  cpuUs: number;
  otherCpuUs: number;
  rssBytesMax: number;
}

/** How often a subject is asked how far it is: seldom where its rate is known. */
const POLL_MS = { saturation: 20, even: 100 } as const;
/** When nothing has come for so long, nothing more is expected. */
const QUIET_MS = 1_500;
/** A subject that takes longer than this, beyond the time that the load itself takes, is not waited for. */
const LATE_MS_MAX = 60_000;
/** What a subject does after its last message, as a checkpoint, belongs to its cost. */
const SETTLE_MS = 300;
/** Long-running programs are compared: not the compiling of their code. */
const WARMING = { count: 40_000, pace: { kind: "even", perSecond: 5_000 } } as const;
/** How long that takes. */
export const WARMING_SECONDS: number = WARMING.count / WARMING.pace.perSecond;

/** Sends a load to a subject that has had a smaller one before, and lets it do what it leaves to its end. */
export async function watchWarm(watching: Watching): Promise<Watched> {
  const { running, load } = watching;
  const warming = { ...watching, load: { ...load, ...WARMING }, onPoll: undefined };
  await watch(warming, async () => {});
  return await watch(watching, async () => await running.finish?.());
}

/** Sends a load, and follows the subject until it has all of it or nothing more comes. */
async function watch(watching: Watching, finish: () => Promise<void>): Promise<Watched> {
  const { running, source, load, otherPid } = watching;
  const usageUs = (pid: number | null): number => (pid === null ? 0 : cpuUs(pid));
  await source.prepare(load);
  const before = await running.counted();
  const cpuBeforeUs = usageUs(running.pid);
  const otherBeforeUs = usageUs(otherPid);

  const followed = await follow(watching, before);
  await finish();
  await pause(SETTLE_MS);
  return {
    ...followed,
    cpuUs: usageUs(running.pid) - cpuBeforeUs,
    otherCpuUs: usageUs(otherPid) - otherBeforeUs,
  };
}

type Followed = Omit<Watched, "cpuUs" | "otherCpuUs">;

async function follow(watching: Watching, before: number): Promise<Followed> {
  const { running, source, load, onPoll, signal } = watching;
  let taken = 0;
  let lastMs = 0;
  let rssBytesMax = 0;
  let sentMs = Number.POSITIVE_INFINITY;
  const endMs = nowMs() + durationMs(load) + LATE_MS_MAX;
  const sending = source.send().then((sent) => {
    sentMs = nowMs();
    return sent;
  });
  const never = new Promise<never>(() => {});
  const failed = Promise.race([running.failed, sending.then(() => never)]);

  while (taken < load.count && nowMs() < endMs) {
    await Promise.race([pause(POLL_MS[load.pace.kind], undefined, { signal }), failed]);
    rssBytesMax = Math.max(rssBytesMax, rssBytes(running.pid));
    onPoll?.(running.pid);
    const count = (await running.counted()) - before;
    if (count !== taken) lastMs = nowMs();
    else if (nowMs() - Math.max(lastMs, sentMs) > QUIET_MS) break;
    taken = count;
  }
  const sent = await withDeadline(Promise.race([sending, running.failed]), {
    limitMs: LATE_MS_MAX,
    expected: `${load.count} messages acknowledged`,
  });
  return { sent, taken, lastMs, rssBytesMax };
}

function durationMs({ count, pace }: Load): number {
  return pace.kind === "even" ? (count / pace.perSecond) * 1_000 : 0;
}

const nowMs = (): number => performance.timeOrigin + performance.now();
