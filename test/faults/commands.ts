import { existsSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createBrokerProcess } from "./broker-process.ts";
import { type CommandSender, startCommandSender } from "./command-sender.ts";
import { planDeath, STEPS } from "./death.ts";
import { judgeCommands } from "./judge-commands.ts";
import { createPart, type Part } from "./part.ts";
import type { Run, Scenario } from "./scenario.ts";
import { startJudge } from "./start-judge.ts";

const DEVICE = "faults";
const DEVICE_MAIN = fileURLToPath(new URL("./commanded-device.ts", import.meta.url));
const COMMANDS_PER_KILL = 5;
/** Fewer than a device lets wait: none is to be rejected. */
const OPEN_MAX = 40;
const PAUSE_MAX_MS = 400;
const WITHIN_MS = 60_000;
const POLL_MS = 5;

/** SIGKILL for a device that obeys commands; each has an id, and must be executed once at most. */
export const commands: Scenario = {
  name: "commands",
  summary: "kill -9 of a device while it obeys commands, at any moment and between two steps",
  cycles: 200,
  shortCycles: 12,
  run: async (run) => {
    const { folder } = run;
    const files = {
      journal: `${folder}/journal.db`,
      executed: `${folder}/executed.txt`,
      death: `${folder}/death.txt`,
    };
    await using broker = await createBrokerProcess({ kind: run.brokerKind, folder });
    await broker.start();
    await using sender = await startCommandSender({ port: broker.port, device: DEVICE });
    await using device = startDevice(run, files, broker.port);
    const problems: string[] = [];
    const reach: Reach = async (what, isSo) => {
      if (!(await until(isSo, run.signal))) problems.push(`no ${what} within ${WITHIN_MS} ms`);
    };
    await reach("device", sender.isDeviceOnline);
    await killAgainAndAgain(run, { device, sender, reach, deathFile: files.death });

    const startedAtMs = performance.now();
    await reach("end of all commands", () => sender.open() === 0);
    const recoveryMs = performance.now() - startedAtMs;
    const code = await device.stop();
    const { sent, acks } = sender;
    const judged = judgeCommands({ sent, acks, executed: linesOf(files.executed) });
    problems.push(...judged.problems);
    problems.push(...device.ownEnds.filter((end) => !end.endsWith("SIGKILL")));
    if (code !== 0) problems.push(`the device stopped with ${code}`);
    await using judge = startJudge();
    const found = await judge.integrity(files.journal);
    if (found !== "ok") problems.push(`integrity_check of the journal: ${found}`);
    return { ...judged, cycles: run.cycles, recoveryMs, problems };
  },
};

/** Waits until something is so; that it is not in time is a problem. */
type Reach = (what: string, isSo: () => boolean) => Promise<void>;

interface Trial {
  device: Part;
  sender: CommandSender;
  reach: Reach;
  deathFile: string;
}

async function killAgainAndAgain(run: Run, trial: Trial): Promise<void> {
  const { cycles, random, signal } = run;
  const { device, sender, reach, deathFile } = trial;
  let ownDeaths = 0;
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    const isPlanned = random.oneIn(3);
    if (isPlanned) {
      await device.kill();
      planDeath(deathFile, { step: random.pick(STEPS), times: random.between(1, 3) });
      device.start();
    }
    await reach("room for commands", () => sender.open() <= OPEN_MAX - COMMANDS_PER_KILL);
    await sendSome(run, sender);
    if (isPlanned) {
      ownDeaths += 1;
      await reach("death where one was planned", () => device.ownEnds.length >= ownDeaths);
    } else {
      // Half of the kills meet a device that works, the others one that is still getting up.
      const before = sender.open();
      if (random.oneIn(2)) await reach("end of a command", () => sender.open() < before);
      await pause(random.between(0, PAUSE_MAX_MS), undefined, { signal });
      await device.kill();
    }
    device.start();
  }
}

function startDevice(
  { folder }: Run,
  files: { journal: string; executed: string; death: string },
  port: number,
): Part {
  const device = createPart({
    name: "device",
    main: DEVICE_MAIN,
    folder,
    environment: {
      BROKER: `127.0.0.1:${port}`,
      FAULTS_DEVICE: DEVICE,
      FAULTS_JOURNAL: files.journal,
      FAULTS_EXECUTED: files.executed,
      FAULTS_DEATH: files.death,
    },
  });
  device.start();
  return device;
}

/** Some are sent twice, as one does who got no answer. */
async function sendSome({ random }: Run, sender: CommandSender): Promise<void> {
  for (let count = 0; count < COMMANDS_PER_KILL; count += 1) {
    const takesMs = random.between(0, 15);
    await sender.send(takesMs, random.oneIn(10) ? 2 : 1);
  }
}

async function until(isSo: () => boolean, signal: AbortSignal): Promise<boolean> {
  const deadlineMs = performance.now() + WITHIN_MS;
  while (!isSo()) {
    if (performance.now() > deadlineMs) return false;
    await pause(POLL_MS, undefined, { signal });
  }
  return true;
}

function linesOf(file: string): string[] {
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  return text.split("\n").filter((line) => line !== "");
}
