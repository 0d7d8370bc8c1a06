import { existsSync, globSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { readSettings, storeSettings } from "@weir/runtime";
import { type Check, type Finding, look, ok, type Scene, wrong } from "./check.ts";

const SET_IT =
  "Set the clock, and keep it right: timedatectl set-ntp true. Wrong times are flagged in the store, and retention waits.";
/** A file may be written while the check runs, and file systems round. */
const FILE_MS_MAX = 60_000;
/** An answer is on its way for a while, and its date has whole seconds. */
const SERVICE_MS_MAX = 5_000;

/** The clock of this machine, against times that are known: of files, and of services. */
export const machineClock: Check = {
  name: "clock",
  look: async (scene): Promise<Finding[]> => {
    const nowMs = scene.clock.now();
    const program = statSync(import.meta.filename).mtimeMs;
    const stored = newestIn(dirname(readSettings(storeSettings, scene.environment).DB_FILE));
    const wrongs = [
      ...behind(nowMs, program, "the files of Weir were written"),
      ...behind(nowMs, stored, "the store was written"),
      ...(await differing(scene)),
    ];
    return wrongs.length > 0 ? wrongs : [ok(`${timeOf(nowMs)}${synchronised()}`)];
  },
};

function behind(nowMs: number, fileMs: number, what: string): Finding[] {
  if (fileMs <= nowMs + FILE_MS_MAX) return [];
  return [wrong(`it is ${timeOf(nowMs)} here, but ${what} at ${timeOf(fileMs)}`, SET_IT)];
}

/** Services in other containers have this clock; those on other machines have their own. */
async function differing(scene: Scene): Promise<Finding[]> {
  const answers = await scene.services();
  const nowMs = scene.clock.now();
  return answers.flatMap(({ name, report }) => {
    const aheadMs = (report?.dateMs ?? nowMs) - nowMs;
    if (Math.abs(aheadMs) <= SERVICE_MS_MAX) return [];
    const seconds = Math.round(Math.abs(aheadMs) / 1_000);
    const words = aheadMs > 0 ? "ahead of" : "behind";
    return [look(`the clock of ${name} is ${seconds} s ${words} that of this machine`, SET_IT)];
  });
}

function newestIn(folder: string): number {
  const times = globSync(join(folder, "*.{db,db-wal}")).map(
    (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0,
  );
  return Math.max(0, ...times);
}

const TIMESYNC = "/run/systemd/timesync";

/** What systemd says; other programs that set clocks do not show. */
function synchronised(): string {
  if (existsSync(join(TIMESYNC, "synchronized"))) return ", synchronised by systemd-timesyncd";
  return existsSync(TIMESYNC) ? ", not yet synchronised by systemd-timesyncd" : "";
}

const timeOf = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+/, "");
