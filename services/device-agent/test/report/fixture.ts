import { setImmediate as turn } from "node:timers/promises";
import type { KindSettings, Outcome } from "@weir/delivery";
import type { DeviceState } from "@weir/protocol";
import { createFakeClock, type FakeClock } from "@weir/testkit";
import type { DeadbandRule } from "../../src/report/deadband.ts";
import { Reporter } from "../../src/report/reporter.ts";
import type { ReportedSource } from "../../src/report/schedule.ts";
import type { Attribute, Sample } from "../../src/sources/source.ts";

export const INTERVAL_MS = 10_000;

/** Reports each value. */
export const EVERYTHING: DeadbandRule = { deadband: null, maxSilenceMs: 300_000 };

export function within(width: number, maxSilenceMs = 300_000): DeadbandRule {
  return { deadband: { kind: "absolute", width }, maxSilenceMs };
}

/** A source that a test steers. */
export interface TestSource extends ReportedSource {
  /** How often it was asked, and how often it was closed. */
  reads: number;
  closed: number;
  /** What it answers from now on. */
  answer: (signal: AbortSignal) => Promise<Sample>;
  /** The same for one value of each of its attributes. */
  says(value: number): void;
}

export function createTestSource(
  name: string,
  settings: Partial<ReportedSource> & { attributes?: readonly string[] } = {},
): TestSource {
  const attributes = (settings.attributes ?? [name]).map(attributeOf);
  const own: TestSource = {
    name,
    isActive: true,
    everyMs: null,
    delivery: { class: "telemetry" },
    rule: EVERYTHING,
    ...settings,
    source: {
      attributes,
      read: async (signal) => {
        own.reads += 1;
        return await own.answer(signal);
      },
      [Symbol.dispose]: () => {
        own.closed += 1;
      },
    },
    reads: 0,
    closed: 0,
    answer: async () => ({}),
    says: (value) => {
      own.answer = async () => Object.fromEntries(attributes.map((one) => [one.name, value]));
    },
  };
  own.says(0);
  return own;
}

function attributeOf(name: string): Attribute {
  const range = { min: null, max: null };
  return { name, label: name, unit: null, range, decimals: 2, deviceClass: null };
}

/** A state that was handed over. */
interface Sent {
  delivery: KindSettings;
  state: DeviceState;
  settle: (outcome: Outcome) => void;
}

export interface Bench extends AsyncDisposable {
  reporter: Reporter;
  /** Starts it, and waits for its first report. */
  start(): Promise<void>;
  clock: FakeClock;
  /** Lets time pass, and what falls due be done. */
  pass(ms: number): Promise<void>;
  sent: Sent[];
  /** The data of what was handed over, in order. */
  data(): Record<string, number>[];
  log: string[];
}

/** A reporter before its start. What it hands over is sent at once, unless `send` says otherwise. */
export function createBench(
  sources: readonly ReportedSource[],
  options: { outcome?: Outcome | null; rules?: Record<string, DeadbandRule> } = {},
): Bench {
  const { outcome = { kind: "sent" }, rules = {} } = options;
  const clock = createFakeClock();
  const sent: Sent[] = [];
  const log: string[] = [];
  const reporter = new Reporter({
    sources,
    intervalMs: INTERVAL_MS,
    rules,
    send: async ({ delivery }, state) => {
      const settled = Promise.withResolvers<Outcome>();
      sent.push({ delivery, state, settle: settled.resolve });
      if (outcome !== null) settled.resolve(outcome);
      return await settled.promise;
    },
    log: {
      info: (message) => log.push(`info: ${message}`),
      warn: (message) => log.push(`warn: ${message}`),
      error: (message) => log.push(`error: ${message}`),
    },
    clock,
  });
  return {
    reporter,
    start: async () => {
      reporter.start();
      await turn();
    },
    clock,
    pass: async (ms) => {
      clock.advance(ms);
      await turn();
    },
    sent,
    data: () => sent.map(({ state }) => state.data),
    log,
    [Symbol.asyncDispose]: () => reporter[Symbol.asyncDispose](),
  };
}
