import type { ServiceAnswer } from "./ask-services.ts";
import { type Check, type Finding, look, ok, wrong } from "./check.ts";

/** On a host without these only a device agent runs, or nothing. */
const CORE: ReadonlySet<string> = new Set(["logger", "stats", "dashboard", "workflows"]);
/** The suite does without these, where their setting is 0. */
const DEMO: ReadonlyMap<string, string> = new Map([
  ["publisher", "DEMO_PUBLISHER"],
  ["device-agent", "DEMO_DEVICE"],
]);

/** Whether the suite runs, or parts of it. */
export const isSuiteRunning = (answers: readonly ServiceAnswer[]): boolean =>
  answers.some(({ name, report }) => CORE.has(name) && report !== null);

/** What the services say of themselves, and who has their ports. */
export const services: Check = {
  name: "services",
  look: async (scene): Promise<Finding[]> => {
    const { environment } = scene;
    const answers = (await scene.services()).filter(
      ({ name, report }) => report !== null || environment[DEMO.get(name) ?? ""]?.trim() !== "0",
    );
    const isRunning = isSuiteRunning(answers);
    const taken = answers.filter(({ isTaken }) => isTaken).map(findingOfTaken);
    if (isRunning) {
      const others = answers.filter(({ isTaken }) => !isTaken);
      return [...taken, ...others.flatMap(findingsOf)];
    }
    const single = answers.filter(({ report }) => report !== null).flatMap(findingsOf);
    return [
      look(
        "the suite does not run",
        "Start it: npm start, or docker compose up -d --build in Compose.",
      ),
      ...taken,
      ...single,
    ];
  },
};

function findingOfTaken({ name, url, problem, isSilent }: ServiceAnswer): Finding {
  const setting = `${name.toUpperCase().replaceAll("-", "_")}_HTTP_PORT`;
  if (isSilent) {
    return wrong(
      `${name} hangs, or is very busy: ${problem} at ${url}`,
      `Restart it, if that stays so: npm start, or docker compose restart ${name}. If another program has that port (ss -ltnp shows it), set ${setting} to a free one.`,
    );
  }
  return wrong(
    `${url}, the address of ${name}, is taken: ${problem}`,
    `End the program that has that port (ss -ltnp shows it), or set ${setting} to a free one.`,
  );
}

function findingsOf({ name, url, report, problem }: ServiceAnswer): Finding[] {
  if (report === null) {
    const found = `${name} does not answer at ${url}: ${problem}`;
    const setting = DEMO.get(name);
    return setting !== undefined
      ? [look(found, `That is right where ${setting} is 0. Or else see its log.`)]
      : [
          wrong(
            found,
            "Wait a moment, if it was just started. Or else see its log: docker compose logs, or the file in LOG_FOLDER.",
          ),
        ];
  }
  const failing = Object.entries(report.checks).filter(([, state]) => state !== "ok");
  if (failing.length > 0) {
    const reasons = failing.map(([check, state]) => `${check}: ${state}`).join("; ");
    return [wrong(`${name} is not ready: ${reasons}`, "Its log says more.")];
  }
  const warnings = Object.values(report.warnings).flat();
  if (warnings.length === 0) return [ok(`${name} is ready (${url})`)];
  return warnings.map((warning) => look(`${name}: ${warning}`, "Its log says more."));
}
