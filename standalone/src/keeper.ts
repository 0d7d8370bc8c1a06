import type { Clock } from "@weir/clock";
import { EXIT_CODES, Fault } from "@weir/fault";
import type { StopRequest } from "@weir/service";
import type { StandaloneConfig } from "./config.ts";
import { openLogFile } from "./log-file.ts";
import { createLogRelay } from "./log-relay.ts";
import type { Part } from "./part.ts";
import { type Ending, type PartProcess, startPart } from "./part-process.ts";
import { untilReady } from "./readiness.ts";
import { restartDelayMs } from "./restart.ts";
import type { Terminal } from "./terminal.ts";

/** Keeps one part alive: starts it, and again when it ends without being asked to. */
export interface Keeper {
  part: Part;
  /** Resolves when it has been ready for the first time. */
  ready: Promise<void>;
  /** Resolves when it has ended; false when it had to be killed or ended with a fault. */
  stop(timeoutMs: number): Promise<boolean>;
  /** Ends it at once. */
  kill(): void;
  redraw(): void;
}

export interface KeeperOptions {
  config: StandaloneConfig;
  isVerbose: boolean;
  terminal: Terminal;
  clock: Clock;
  /** Called when the suite is to end: a part cannot start, and trying again is useless, or it is done. */
  onEnd: (end: StopRequest | Fault) => void;
}

/** What a restart does not mend: something is missing, taken, or wrong. */
const LASTING_CODES: readonly (number | null)[] = [
  EXIT_CODES.unavailable,
  EXIT_CODES.cannotCreate,
  EXIT_CODES.tryLater,
  EXIT_CODES.configuration,
];

/** What became of `npm start | head`. */
export const NO_READER: StopRequest = { reason: "nobody reads the table any more" };

export function keep(part: Part, options: KeeperOptions): Keeper {
  const { config, isVerbose, terminal, clock, onEnd } = options;
  const file = openLogFile({ folder: config.logFolder, name: part.name, onFault: terminal.say });
  const log = createLogRelay({ name: part.name, file, terminal, isVerbose });
  const stopping = new AbortController();
  const ready = Promise.withResolvers<void>();
  let hasBeenReady = false;
  let current: PartProcess | null = null;
  let lastEnding: Ending | null = null;

  async function live(): Promise<void> {
    using _file = file;
    for (let failures = 0; !stopping.signal.aborted; ) {
      const startedAtMs = clock.monotonic();
      current = startPart(part, { environment: config.environment, isVerbose, relay: log.relay });
      const ending = await watch(current);
      if (stopping.signal.aborted) return;
      if (!hasBeenReady && LASTING_CODES.includes(ending.code)) return onEnd(faultOf(ending));
      if (part.isOnTerminal && ending.code === EXIT_CODES.ok) return onEnd(NO_READER);
      const restart = restartDelayMs(failures, clock.monotonic() - startedAtMs);
      failures = restart.failures;
      terminal.say(
        `${part.name} ${ending.text}; starting it again in ${restart.delayMs / 1_000} s. Its log is ${file.path}.`,
      );
      await pause(restart.delayMs);
    }
  }

  /** One life: waits for readiness on the side, and for the end. */
  async function watch(life: PartProcess): Promise<Ending> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, stopping.signal]);
    awaitReadiness(life, signal).catch(() => {
      // It ended, or is to end, before it was ready; the loop above says so.
    });
    const ending = await life.ended;
    lastEnding = ending;
    over.abort();
    return ending;
  }

  async function awaitReadiness(life: PartProcess, signal: AbortSignal): Promise<void> {
    const port = await life.httpPort;
    const onLate = (missing: string): void =>
      terminal.say(`${part.name} is not ready yet (${missing}). Waiting. Its log is ${file.path}.`);
    await untilReady({ host: config.httpHost, port, signal, onLate, clock });
    hasBeenReady = true;
    ready.resolve();
  }

  function faultOf({ code }: Ending): Fault {
    const plainText = log.plainText();
    return new Fault(`${part.name} cannot start${plainText === "" ? "" : `:\n${plainText}`}`, {
      remedy: `Its log is ${file.path}.`,
      exitCode: code ?? EXIT_CODES.fault,
    });
  }

  async function pause(delayMs: number): Promise<void> {
    const over = Promise.withResolvers<void>();
    using _timer = clock.schedule(delayMs, () => over.resolve());
    stopping.signal.addEventListener("abort", () => over.resolve(), { once: true });
    await over.promise;
  }

  const life = live();
  return {
    part,
    ready: ready.promise,
    stop: async (timeoutMs) => {
      stopping.abort();
      current?.requestStop();
      let isKilled = false;
      using _timer = clock.schedule(timeoutMs, () => {
        isKilled = true;
        current?.kill();
      });
      await life;
      return !isKilled && (lastEnding?.code ?? 0) === 0;
    },
    kill: () => current?.kill(),
    redraw: () => current?.redraw(),
  };
}
