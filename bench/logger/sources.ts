import { fileURLToPath } from "node:url";
import type { Load, Order, Report, Sent } from "./load.ts";
import { type Child, startChild } from "./process.ts";

/** A process that sends loads. */
export interface Source extends AsyncDisposable {
  pid: number;
  port: number;
  /** Encodes a load without sending it. Resolves with the size of one payload. */
  prepare(load: Load): Promise<number>;
  /** Sends what was prepared. Resolves when all of it is acknowledged. */
  send(): Promise<Sent>;
}

/** A stand-in for a broker. */
interface StandIn extends Source {
  /** Resolves with its version when a client has subscribed. */
  subscribed(): Promise<number>;
}

/** Connects the load generator to a broker. */
export function startGenerator(port: number, version: 4 | 5): Promise<Source> {
  return start("generator.ts", [String(port), String(version)]);
}

export async function startStandIn(): Promise<StandIn> {
  const source = await start("stand-in.ts", []);
  return {
    ...source,
    subscribed: async () => (await source.next("subscribed")).version,
  };
}

type Answer<K extends Report["kind"]> = Extract<Report, { kind: K }>;

interface Started extends Source {
  next<K extends Report["kind"]>(kind: K): Promise<Answer<K>>;
}

async function start(program: string, args: readonly string[]): Promise<Started> {
  const file = fileURLToPath(new URL(program, import.meta.url));
  const child = await startChild({
    command: process.execPath,
    args: [file, ...args],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  const reports = collect(child);
  const send = (order: Order): void => void child.process.send(order);
  try {
    const { port } = await reports.next("ready");
    return {
      pid: child.pid,
      port,
      next: reports.next,
      prepare: async (load) => {
        send({ kind: "prepare", load });
        return (await reports.next("prepared")).bytesEach;
      },
      send: async () => {
        send({ kind: "start" });
        return (await reports.next("sent")).sent;
      },
      [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
    };
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
}

/** Keeps the reports of a source until they are read. */
function collect(child: Child): Pick<Started, "next"> {
  const kept: Report[] = [];
  const waiting = new Map<string, (report: Report) => void>();
  child.process.on("message", (report: Report) => {
    const waiter = waiting.get(report.kind);
    waiting.delete(report.kind);
    if (waiter === undefined) kept.push(report);
    else waiter(report);
  });
  return {
    next: <K extends Report["kind"]>(kind: K) => {
      const at = kept.findIndex((report) => report.kind === kind);
      const [known] = at === -1 ? [] : kept.splice(at, 1);
      // Reports are kept and handed on by their kind.
      if (known !== undefined) return Promise.resolve(known as Answer<K>);
      const { promise, resolve } = Promise.withResolvers<Answer<K>>();
      waiting.set(kind, (report) => resolve(report as Answer<K>));
      return Promise.race([promise, child.failed]);
    },
  };
}
