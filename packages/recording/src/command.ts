import { systemClock } from "@weir/clock";
import { loadEnvironment, toolEnvironment } from "@weir/config";
import { EXIT_CODES, print } from "@weir/fault";
import { listenForStopRequest } from "@weir/service";
import { createProgressLine, type Progress } from "./progress.ts";
import { type RequestForm, readRequest } from "./request.ts";
import type { Selected } from "./selection.ts";

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
