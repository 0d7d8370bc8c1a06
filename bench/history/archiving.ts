import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import {
  type Bench,
  type Case,
  type Contender,
  type Figures,
  figure,
  ratio,
} from "../comparison.ts";
import type { Subject } from "../logger/subjects.ts";
import { cpuUs, rssBytes } from "../process.ts";

/** The process that the logger starts for it. */
const PROGRAM = join(import.meta.dirname, "../../packages/store/src/rotation/segment-process.ts");
/** What the logger starts it with. */
const NODE_OPTIONS = ["--max-semi-space-size=8", "--max-old-space-size=128"];
const LOOK_MS = 20;
/** A day of a hundred messages a second. */
const DAY_MESSAGES = 8_640_000;

/** What archiving costs, and what it makes of a segment. @param messages so many are in the segment. */
export function archiveCase(segment: string, messages: number): Case {
  const contender = (name: string, measure: Contender["measure"]): Contender => ({
    name,
    obstacle: () => null,
    measure,
  });
  const archiving = contender("archiving it", async (bench) => {
    const { archive, ...figures } = await archiveCopy(segment, bench);
    return { ...figures, cpuUs: figures.cpuUs / messages, bytesEach: archive / messages };
  });
  const closed = contender("the closed segment", async () => ({
    bytesEach: statSync(segment).size / messages,
  }));
  const million = `${messages.toLocaleString("en")} messages of four attributes`;
  return {
    name: "archive",
    title: million,
    contenders: [closed, archiving],
    claims: [
      {
        text: `${million}: archive over closed segment`,
        target: { atMost: 0.1 },
        of: ratio("bytesEach", archiving, closed),
      },
      {
        text: `archiving ${DAY_MESSAGES.toLocaleString("en")} messages at this rate: CPU seconds`,
        target: { atMost: 90 },
        of: (figures) => {
          const each = figures(archiving.name).cpuUs;
          return each === undefined ? undefined : (each * DAY_MESSAGES) / 1e6;
        },
      },
      {
        text: "archiving: memory, MB",
        target: { atMost: 300 },
        of: figure("rssMegabytes", archiving),
      },
    ],
    secondsEach: 15,
  };
}

/** The same subject, while a segment is archived again and again. */
export function besideArchiving(subject: Subject, segment: string): Subject {
  return {
    ...subject,
    start: async (order) => {
      const running = await subject.start(order);
      const stopping = new AbortController();
      const working = (async () => {
        for (let turn = 0; !stopping.signal.aborted; turn += 1) {
          const copy = join(order.folder, `${turn}-${basename(segment)}`);
          copyFileSync(segment, copy);
          await archive(copy, stopping.signal);
        }
      })();
      const failed = Promise.race([running.failed, working.then(() => running.failed)]);
      // Without a waiter at this moment, the next race rejects.
      failed.catch(() => {});
      return {
        ...running,
        failed,
        [Symbol.asyncDispose]: async () => {
          stopping.abort();
          await working.catch(() => {});
          await running[Symbol.asyncDispose]();
        },
      };
    },
  };
}

/** Archives a copy of a closed segment. */
async function archiveCopy(segment: string, bench: Bench) {
  const copy = join(bench.folder(), basename(segment));
  // It stays read-only, as a closed one is.
  copyFileSync(segment, copy);
  const startMs = performance.now();
  const used = await archive(copy, bench.signal);
  const tookMs = performance.now() - startMs;
  return { ...used, tookMs, archive: statSync(archiveFileOf(copy)).size };
}

function archiveFileOf(segment: string): string {
  return segment.replace(/\.db$/, ".parquet");
}

/** Runs the process to its end. @throws Error when it fails, unless it was to be ended. */
async function archive(file: string, signal: AbortSignal) {
  const child = spawn(process.execPath, [...NODE_OPTIONS, PROGRAM, "archive", file], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const exited = once(child, "exit");
  let isRunning = true;
  const ending = exited.finally(() => {
    isRunning = false;
  });
  const used = { cpuUs: 0, rssMegabytes: 0 };
  // It has been spawned, or the exit comes.
  const pid = child.pid ?? 0;
  while (isRunning) {
    used.cpuUs = Math.max(used.cpuUs, cpuUs(pid));
    used.rssMegabytes = Math.max(used.rssMegabytes, (rssBytes(pid) || 0) / 1e6);
    if (signal.aborted) child.kill("SIGKILL");
    await Promise.race([pause(LOOK_MS), ending]);
  }
  const [code] = await ending;
  if (code !== 0 && !signal.aborted) throw new Error(`archiving ended with ${code}`);
  return used satisfies Figures;
}
