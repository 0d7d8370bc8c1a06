import { EXIT_CODES, print, visible } from "@weir/runtime";
import type { Command } from "commander";
import { action, examples, printJson, type Surroundings } from "./command-line.ts";
import { askServices } from "./doctor/ask-services.ts";
import { broker } from "./doctor/broker.ts";
import { certificateTerms } from "./doctor/certificate-terms.ts";
import { type Check, type Finding, runCheck, type Scene } from "./doctor/check.ts";
import { configuration } from "./doctor/configuration.ts";
import { diskSpace } from "./doctor/disk-space.ts";
import { lastBackup } from "./doctor/last-backup.ts";
import { machineClock } from "./doctor/machine-clock.ts";
import { outboxes } from "./doctor/outboxes.ts";
import { permissions } from "./doctor/permissions.ts";
import { services } from "./doctor/services.ts";
import { storeFiles } from "./doctor/store-files.ts";
import { versions } from "./doctor/versions.ts";

/** Every check, in the order in which its findings are shown. */
const CHECKS: readonly Check[] = [
  configuration,
  versions,
  services,
  broker,
  machineClock,
  diskSpace,
  permissions,
  certificateTerms,
  storeFiles,
  outboxes,
  lastBackup,
];

export function define(command: Command, surroundings: Surroundings): void {
  command.option("--json", "print what it finds as JSON");
  examples(
    command,
    ["doctor", "doctor --json"],
    `It looks at what usually goes wrong, and says what it found and what to do: ok, look (it works, and may
not be meant) or wrong. It changes nothing, and works whether the suite runs or not. Exit code 0 when nothing
is wrong, 1 otherwise.`,
  );
  action(command, async (given) => {
    const { out } = surroundings;
    const scene = sceneOf(surroundings);
    const found = await Promise.all(
      CHECKS.map(async (check) => {
        const findings = await runCheck(check, scene);
        return findings.map((finding) => ({ check: check.name, ...finding }));
      }),
    );
    const findings = found.flat();
    const count = (state: Finding["state"]): number =>
      findings.filter((one) => one.state === state).length;
    const counts = { ok: count("ok"), look: count("look"), wrong: count("wrong") };
    if (given.has("json")) printJson({ findings, ...counts }, { to: out, indent: 2 });
    else {
      const lines = findings.map(linesOf).join("");
      const { ok, look, wrong } = counts;
      print(`${lines}${ok} ok, ${look} to look at, ${wrong} wrong\n`, { to: out });
    }
    return counts.wrong === 0 ? EXIT_CODES.ok : EXIT_CODES.fault;
  });
}

function sceneOf(surroundings: Surroundings): Scene {
  const { clock, stopSignal } = surroundings;
  const signal = stopSignal();
  let answers: ReturnType<typeof askServices> | null = null;
  return {
    get environment() {
      return surroundings.environment;
    },
    clock,
    signal,
    services: () => {
      answers ??= askServices(surroundings.environment, signal);
      return answers;
    },
  };
}

const STATE_WIDTH = 7;
const NAME_WIDTH = 15;

function linesOf({ check, state, found, remedy }: Finding & { check: string }): string {
  const head = `${state.padEnd(STATE_WIDTH)}${check.padEnd(NAME_WIDTH)}`;
  const below = remedy === null ? "" : `${" ".repeat(head.length)}-> ${visible(remedy)}\n`;
  return `${head}${visible(found)}\n${below}`;
}
