import { once } from "node:events";
import { createWriteStream } from "node:fs";
import type { Writable } from "node:stream";
import { dataFor, EXIT_CODES, errorCode, errorMessage, Fault } from "@weir/fault";

/** Where text goes, no faster than it is taken. */
export interface Sink {
  /** Resolves when there is room for more. @throws what the stream says, once it has failed. */
  write(text: string): Promise<void>;
  /** Resolves when everything is written. */
  end(): Promise<void>;
}

/** Standard output, which stays open: whoever has it closes it. A terminal gets data escaped. */
export function sinkOf(stream: Writable & { isTTY?: boolean }): Sink {
  let failure: Error | null = null;
  stream.on("error", (error) => {
    failure ??= error;
  });
  return {
    write: async (text) => {
      if (failure !== null) throw failure;
      if (!stream.write(dataFor(stream, text))) await once(stream, "drain");
    },
    end: async () => {
      if (failure !== null) throw failure;
      await new Promise<void>((resolve, reject) => {
        stream.write("", (error) => (error ? reject(error) : resolve()));
      });
    },
  };
}

/**
 * A new file; or, to go on in, one that is there.
 *
 * @throws Fault when it cannot be made, or is there already.
 */
export async function openFileSink(file: string, options: { append: boolean }): Promise<Sink> {
  const stream = createWriteStream(file, { flags: options.append ? "a" : "wx" });
  try {
    await once(stream, "open");
  } catch (cause) {
    throw outputFault(file, cause);
  }
  const sink = sinkOf(stream);
  return {
    ...sink,
    end: async () => {
      await sink.end();
      stream.end();
      await once(stream, "close");
    },
  };
}

function outputFault(file: string, cause: unknown): Fault {
  const isThere = errorCode(cause) === "EEXIST";
  const shown = JSON.stringify(file);
  return new Fault(
    isThere
      ? `--output: ${shown} is there already`
      : `--output: ${shown} cannot be written: ${errorMessage(cause)}`,
    {
      remedy: isThere
        ? "Name another file, remove this one, or add to it with --cursor."
        : "Name a file in a folder that is there and that this user may write to.",
      exitCode: isThere ? EXIT_CODES.configuration : EXIT_CODES.cannotCreate,
      cause,
    },
  );
}
