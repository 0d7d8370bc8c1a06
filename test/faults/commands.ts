import { existsSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { CommandAck, CommandStatus } from "@weir/protocol";
import { holdsWithin } from "@weir/testkit";
import { type CommandSender, startCommandSender } from "./command-sender.ts";
import { planKill, STEPS } from "./kill-point.ts";
import { createBrokerProcess, createPart, type Part } from "./processes.ts";
import type { Run, Scenario } from "./scenario.ts";
import { startVerifier } from "./verifier.ts";

const DEVICE = "faults";
const DEVICE_MAIN = fileURLToPath(new URL("./commanded-device.ts", import.meta.url));
const COMMANDS_PER_KILL = 5;
/** Fewer than may wait at a device, so that it rejects none. */
const OPEN_MAX = 40;
const PAUSE_MAX_MS = 400;
const WITHIN_MS = 60_000;

/** SIGKILL for a device that executes commands; each has an id, and must be executed once at most. */
export const commands: Scenario = {
  name: "commands",
  summary: "kill -9 of a device while it executes commands, at any moment and between two steps",
  cycles: 200,
  shortCycles: 12,
  run: async (run) => {
    const { folder } = run;
    const files = {
      journal: `${folder}/journal.db`,
      executed: `${folder}/executed.txt`,
      killPoint: `${folder}/kill-point.txt`,
    };
    await using broker = await createBrokerProcess({ kind: run.brokerKind, folder });
    await broker.start();
    await using sender = await startCommandSender({ port: broker.port, device: DEVICE });
    await using device = startDevice(run, files, broker.port);
    const problems: string[] = [];
    const reach: Trial["reach"] = async (what, condition) => {
      if (await holdsWithin(WITHIN_MS, condition, run.signal)) return;
      problems.push(`no ${what} within ${WITHIN_MS} ms`);
    };
    await reach("device", sender.isDeviceOnline);
    await killAgainAndAgain(run, { device, sender, reach, killPointFile: files.killPoint });

    const startedAtMs = performance.now();
    await reach("end of all commands", () => sender.open() === 0);
    const recoveryMs = performance.now() - startedAtMs;
    const code = await device.stop();
    const { sent, acks } = sender;
    const verified = verifyCommands({ sent, acks, executed: linesOf(files.executed) });
    problems.push(...verified.problems);
    problems.push(...device.ownEnds.filter((end) => !end.endsWith("SIGKILL")));
    if (code !== 0) problems.push(`the device stopped with ${code}`);
    await using verifier = startVerifier();
    const found = await verifier.integrity(files.journal);
    if (found !== "ok") problems.push(`integrity_check of the journal: ${found}`);
    return { ...verified, cycles: run.cycles, recoveryMs, problems };
  },
};

interface Trial {
  device: Part;
  sender: CommandSender;
  /** Waits for a condition. That it does not hold in time is a problem. */
  reach(what: string, condition: () => boolean): Promise<void>;
  killPointFile: string;
}

async function killAgainAndAgain(run: Run, trial: Trial): Promise<void> {
  const { cycles, random, signal } = run;
  const { device, sender, reach, killPointFile } = trial;
  let ownKills = 0;
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    const isPlanned = random.oneIn(3);
    if (isPlanned) {
      await device.kill();
      planKill(killPointFile, { step: random.pick(STEPS), times: random.between(1, 3) });
      device.start();
    }
    await reach("room for commands", () => sender.open() <= OPEN_MAX - COMMANDS_PER_KILL);
    await sendSome(run, sender);
    if (isPlanned) {
      ownKills += 1;
      await reach("end where one was planned", () => device.ownEnds.length >= ownKills);
    } else {
      // Half of the kills meet a device that works, the others one that is still starting.
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
  files: { journal: string; executed: string; killPoint: string },
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
      FAULTS_KILL_POINT: files.killPoint,
    },
  });
  device.start();
  return device;
}

/** Sends some commands, one in ten twice, as a sender does that got no answer. */
async function sendSome({ random }: Run, sender: CommandSender): Promise<void> {
  for (let count = 0; count < COMMANDS_PER_KILL; count += 1) {
    const takesMs = random.between(0, 15);
    await sender.send(takesMs, random.oneIn(10) ? 2 : 1);
  }
}

function linesOf(file: string): string[] {
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  return text.split("\n").filter((line) => line !== "");
}

/**
 * Compares what a device has reported with what it has executed, both observed from outside. The journal
 * is not used.
 */
function verifyCommands({
  sent,
  acks,
  executed,
}: {
  /** The ids that the broker has accepted. */
  sent: ReadonlySet<string>;
  acks: readonly CommandAck[];
  /** An id for each execution. */
  executed: readonly string[];
}) {
  const ends = endsOf(acks);
  const times = Map.groupBy(executed, (id) => id);
  const timesOf = (id: string): number => times.get(id)?.length ?? 0;
  const endOf = (id: string): CommandStatus | undefined => [...(ends.get(id) ?? [])][0];
  const all = [...sent];
  const notExecuted = new Set<CommandStatus | undefined>(["expired", "rejected"]);
  const ended = all.filter((id) => endOf(id) !== undefined);
  const invented = [...times.keys()].filter((id) => !sent.has(id));

  const found: Record<string, readonly string[]> = {
    "executed more than once": all.filter((id) => timesOf(id) > 1),
    "without an end": all.filter((id) => endOf(id) === undefined),
    "with several ends": all.filter((id) => (ends.get(id)?.size ?? 0) > 1),
    "done and not executed once": all.filter((id) => endOf(id) === "done" && timesOf(id) !== 1),
    "executed and reported as not executed": all.filter(
      (id) => notExecuted.has(endOf(id)) && timesOf(id) > 0,
    ),
    "executed and never sent": invented,
    "reported and never sent": [...ends.keys()].filter((id) => !sent.has(id)),
  };
  const byStatus = Map.groupBy(ended, (id) => String(endOf(id)));
  return {
    counts: {
      created: sent.size,
      stored: ended.length,
      lost: sent.size - ended.length,
      duplicate: executed.length - times.size,
      invented: invented.length,
    },
    problems: Object.entries(found)
      .filter(([, ids]) => ids.length > 0)
      .map(([what, ids]) => `${ids.length} ${what}: ${ids.slice(0, 5).join(", ")}`),
    notes: [[...byStatus].map(([status, ids]) => `${ids.length} ${status}`).join(", ")],
  };
}

/** The final statuses of each command. A duplicate ends a message, not the command whose id it has. */
function endsOf(acks: readonly CommandAck[]): Map<string, Set<CommandStatus>> {
  const ends = new Map<string, Set<CommandStatus>>();
  for (const { id, status } of acks) {
    if (id === null || ["received", "running", "duplicate"].includes(status)) continue;
    const statuses = ends.get(id) ?? new Set();
    ends.set(id, statuses.add(status));
  }
  return ends;
}
