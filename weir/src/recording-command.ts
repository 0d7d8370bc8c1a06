import {
  type Clock,
  EXIT_CODES,
  grouped,
  listenForStopRequest,
  loadEnvironment,
  print,
  type Screen,
  systemClock,
  toolEnvironment,
} from "@weir/runtime";
import { type RequestForm, readRequest, type Selected } from "./selection.ts";
import { isoMicroseconds } from "./times.ts";

/** A command that reads a part of a stream. */
export interface RecordingCommand<Request extends Selected> {
  /** It stands in front of what the command says. */
  name: string;
  help: string;
  form: RequestForm<Request>;
  /** Returns the exit code. */
  run: (request: Request, conversation: Conversation) => Promise<number>;
}

/** How a command speaks with the one who has started it, on standard error. */
export interface Conversation {
  /** Aborts when it is to end; the reason is the signal's name. */
  signal: AbortSignal;
  showProgress(progress: Progress): void;
  clearProgress(): void;
  say(text: string): void;
}

/** Reads what is asked for and does it, or explains itself. */
export async function runRecordingCommand<Request extends Selected>(
  command: RecordingCommand<Request>,
  argv: readonly string[],
): Promise<number> {
  const nowUs = systemClock.now() * 1_000;
  const request = readRequest(command.form, argv, {
    environment: toolEnvironment(loadEnvironment()),
    nowUs,
  });
  if (request === "help") {
    print(command.help);
    return EXIT_CODES.ok;
  }
  return await command.run(request, startConversation(command.name, request));
}

function startConversation(name: string, { query }: Selected): Conversation {
  const stopping = new AbortController();
  void listenForStopRequest().then(({ reason }) => stopping.abort(reason));
  const progress = createProgressLine({
    terminal: process.stderr,
    clock: systemClock,
    fromUs: query.fromUs ?? null,
    toUs: query.toUs,
  });
  return {
    signal: stopping.signal,
    showProgress: progress.show,
    clearProgress: progress.clear,
    say: (text) => {
      progress.clear();
      print(`${name}: ${text}\n`, { to: process.stderr });
    },
  };
}

/** How far a command has got. */
export interface Progress {
  messages: number;
  /** The time of reception that it has reached, `null` at first. */
  reachedUs: number | null;
}

/** Shows the progress of a command to somebody who waits for it. */
interface ProgressLine {
  show(progress: Progress): void;
  /** Takes the line away, to make room for words. */
  clear(): void;
}

interface ProgressLineOptions {
  /** Where the line is shown; nothing is, where that is not a terminal. */
  terminal: Screen;
  clock: Clock;
  /** `null` until the first message tells it. */
  fromUs: number | null;
  toUs: number;
}

const INTERVAL_MS = 250;
const ERASE = "\r\x1b[K";

function createProgressLine(options: ProgressLineOptions): ProgressLine {
  const { terminal, clock, toUs } = options;
  if (terminal.isTTY !== true) return { show: () => {}, clear: () => {} };
  const startMs = clock.monotonic();
  let { fromUs } = options;
  let shownMs = Number.NEGATIVE_INFINITY;

  return {
    show: ({ messages, reachedUs }) => {
      fromUs ??= reachedUs;
      const nowMs = clock.monotonic();
      if (nowMs - shownMs < INTERVAL_MS) return;
      shownMs = nowMs;
      const elapsedMs = nowMs - startMs;
      const text = renderProgress({ messages, reachedUs, fromUs, toUs, elapsedMs });
      print(text, { to: terminal, control: ERASE });
    },
    clear: () => print("", { to: terminal, control: ERASE }),
  };
}

/** Messages, the share of the time span that is done, messages per second, the time reached. */
export function renderProgress(
  state: Progress & { fromUs: number | null; toUs: number; elapsedMs: number },
): string {
  const { messages, reachedUs, fromUs, toUs, elapsedMs } = state;
  const rate = elapsedMs > 0 ? Math.round((messages * 1_000) / elapsedMs) : 0;
  const counted = `${grouped(messages)} messages, ${grouped(rate)}/s`;
  if (reachedUs === null || fromUs === null || toUs <= fromUs) return counted;
  const share = Math.min(1, Math.max(0, (reachedUs - fromUs) / (toUs - fromUs)));
  return `${Math.floor(share * 100)} %, ${counted}, at ${isoMicroseconds(reachedUs).slice(0, 19)}Z`;
}
