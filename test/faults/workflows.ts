import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openSegmentedStore } from "@weir/store";
import { freePort, holdsWithin, rowOf } from "@weir/testkit";
import { type Outside, startOutside } from "./outside.ts";
import { createPart, type Part } from "./processes.ts";
import type { Run, Scenario } from "./scenario.ts";
import { deviceTopic, verifyWorkflows, WORKFLOWS } from "./verify-workflows.ts";

const MAIN = fileURLToPath(new URL("../../services/workflows/src/main.ts", import.meta.url));
const STREAM = "home";
const STORE_EVERY_MS = 120;
const READY_WITHIN_MS = 60_000;
/** The mail server greets after 100 ms, and two mails are sent at once: after 200 kills thousands wait. */
const ENDED_WITHIN_MS = 600_000;

/** Kills workflows while timers run and actions are done. */
export const workflows: Scenario = {
  name: "workflows",
  summary: "kill -9 of workflows while timers run, mails are sent and webhooks are called",
  cycles: 200,
  shortCycles: 12,
  run: async (run) => {
    await using outside = await startOutside();
    const home = openHome(run, outside);
    using store = home.store;
    await using part = home.part;
    let stored = 0;
    // The first start begins with what is stored from then on.
    await home.start();
    await holdsWithin(READY_WITHIN_MS, home.isFollowing, run.signal);
    const storing = setInterval(() => {
      stored += 1;
      const receivedUs = Date.now() * 1_000;
      const row = (topic: string, content: object) => ({
        ...rowOf("{}", receivedUs),
        topic,
        payload: Buffer.from(JSON.stringify(content)),
        ...{ value: null, observedUs: null },
      });
      store.append([
        row(`faults/mail/${stored % WORKFLOWS}`, { n: stored }),
        row(`faults/hook/${stored % WORKFLOWS}`, { n: stored }),
        row(deviceTopic(stored), { v: 1 }),
      ]);
    }, STORE_EVERY_MS);
    try {
      await killAgainAndAgain(run, home);
    } finally {
      clearInterval(storing);
    }

    part.start();
    const startedAtMs = performance.now();
    const problems: string[] = [];
    const told = () => new Set(outside.calls.map(({ body }) => body)).size;
    const isOver = async () => told() >= 2 * stored && (await home.waiting()) === 0;
    if (!(await holdsWithin(ENDED_WITHIN_MS, isOver, run.signal))) {
      problems.push(`after ${ENDED_WITHIN_MS / 1_000} s actions still wait`);
    }
    const recoveryMs = performance.now() - startedAtMs;
    const code = await part.stop();
    if (code !== 0) problems.push(`workflows stopped with ${code}`);
    problems.push(...part.ownEnds.map((end) => `by itself: ${end}`));
    const verified = verifyWorkflows(home.file, {
      stored,
      ...outside,
    });
    problems.push(...verified.problems);
    return { ...verified, cycles: run.cycles, recoveryMs, problems };
  },
};

/** The service on a stream of its own. */
interface Home {
  part: Part;
  file: string;
  /** Starts it for the first time. */
  start(): Promise<void>;
  isFollowing(): Promise<boolean>;
  /** Actions that were not done yet; -1 while it does not answer. */
  waiting(): Promise<number>;
}

function openHome(
  { folder }: Run,
  outside: Outside,
): Home & { store: ReturnType<typeof openSegmentedStore> } {
  const segments = join(folder, "segments");
  const flows = join(folder, "workflows");
  mkdirSync(segments);
  mkdirSync(flows);
  const streams = {
    data: { enabled: false },
    devices: { enabled: false },
    [STREAM]: { filters: ["faults/#"], folder: segments },
  };
  // JSON is YAML.
  writeFileSync(join(folder, "weir.yaml"), JSON.stringify({ streams }));
  writeFileSync(join(flows, "faults.yaml"), JSON.stringify({ flows: flowsFor(outside.url) }));
  const options = { synchronous: "NORMAL", ballastBytes: 0, nowUs: Date.now() * 1_000 } as const;
  const store = openSegmentedStore({ ...options, folder: segments, stream: STREAM });
  let port = 0;
  const environment: Record<string, string> = {
    WEIR_FILE: join(folder, "weir.yaml"),
    DB_FILE: join(folder, "weir.db"),
    // There is none.
    BROKER: "127.0.0.1:1",
    WORKFLOWS_FOLDER: flows,
    SMTP_HOST: "127.0.0.1",
    SMTP_PORT: String(outside.mailPort),
    SMTP_SECURITY: "none",
    SMTP_FROM: "weir@example.org",
  };
  const part = createPart({ name: "workflows", main: MAIN, environment, folder });
  const ask = async (path: string): Promise<string> => {
    try {
      return await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
    } catch {
      // It is starting, or was killed.
      return "";
    }
  };
  return {
    store,
    file: join(folder, "workflows.db"),
    part,
    start: async () => {
      port = await freePort();
      environment.WORKFLOWS_HTTP_PORT = String(port);
      part.start();
    },
    isFollowing: async () => /^weir_workflows_lag_seconds [\d.]+$/m.test(await ask("/metrics")),
    waiting: async () => {
      const found = /^weir_workflows_actions_waiting (\d+)/m.exec(await ask("/metrics"));
      return found === null ? -1 : Number(found[1]);
    },
  };
}

async function killAgainAndAgain(
  { cycles, random, signal }: Run,
  { part, isFollowing }: Home,
): Promise<void> {
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    part.start();
    // Now and then while it starts.
    if (!random.oneIn(5)) await holdsWithin(READY_WITHIN_MS, isFollowing, signal);
    await pause(random.between(0, 800), undefined, { signal });
    await part.kill();
  }
}

function flowsFor(url: string): object {
  const hook = (text: string) => ({ type: "webhook", url, allowPrivate: true, text });
  const flows: Record<string, object> = {};
  for (let at = 0; at < WORKFLOWS; at += 1) {
    flows[`mails-${at}`] = {
      nodes: {
        reading: { type: "series", series: `faults/mail/${at}#n` },
        mail: { type: "email", to: ["ada@example.org"], subject: "mail {{value}}" },
      },
      wires: ["reading -> mail"],
    };
    flows[`hooks-${at}`] = {
      nodes: {
        reading: { type: "series", series: `faults/hook/${at}#n` },
        hook: hook("hook {{value}}"),
        done: { type: "debug" },
      },
      wires: ["reading -> hook", "hook -> done"],
    };
    flows[`alerts-${at}`] = {
      nodes: {
        lasting: { type: "threshold", series: `faults/device/${at}/+#v`, above: 0, for: "1s" },
        alert: { type: "alert", title: "{{topic}}", about: "{{deviceName}}" },
        tell: hook("alert {{deviceName}}"),
      },
      wires: ["lasting.yes -> alert.raise", "lasting.no -> alert.clear", "alert -> tell"],
    };
  }
  return flows;
}
