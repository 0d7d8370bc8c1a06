import type { StreamConfig } from "@weir/streams";
import { type OpenStreamOptions, openStream, type RunningStream } from "./open-stream.ts";
import type { Stream } from "./stream.ts";

/** The streams that run. */
export interface Streams extends AsyncDisposable {
  all(): Stream[];
  /**
   * Opens the streams that are new, and has the others go on by their new configuration. On a full
   * disk it waits until retention has had its turn in the new ones.
   *
   * @throws Fault when one of them cannot; then all of them are as before.
   */
  apply(configs: readonly StreamConfig[]): Promise<void>;
  /** Closes the streams that are not among these, once nothing comes for them any more. */
  closeOthers(configs: readonly StreamConfig[]): Promise<void>;
}

export function createStreams(options: OpenStreamOptions): Streams {
  const running = new Map<string, RunningStream>();

  return {
    all: () => [...running.values()].map(({ stream }) => stream),
    apply: async (configs) => {
      await using opening = new AsyncDisposableStack();
      const opened: RunningStream[] = [];
      const changes: (() => Promise<void>)[] = [];
      for (const config of configs) {
        const known = running.get(config.name);
        if (known !== undefined) changes.push(await known.prepare(config));
        else opened.push(opening.use(await openStream(config, options)));
      }
      opening.move();
      for (const one of opened) running.set(one.stream.config.name, one);
      for (const change of changes) await change();
      await Promise.all(opened.map(({ isReady }) => isReady));
    },
    closeOthers: async (configs) => {
      const names = new Set(configs.map(({ name }) => name));
      for (const [name, stream] of running) {
        if (names.has(name)) continue;
        running.delete(name);
        await stream[Symbol.asyncDispose]();
      }
    },
    [Symbol.asyncDispose]: async () => {
      await using closing = new AsyncDisposableStack();
      for (const stream of running.values()) closing.use(stream);
    },
  };
}
