// The dashboard, and what runs beside it, each as a process in a folder of its own.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startBroker } from "@weir/broker";
import { eventually, freePort, temporaryFolder } from "@weir/testkit";
import { type Child, startProgram } from "../process.ts";

const PASSWORD = "bench-bench-bench";
const READY_WITHIN_MS = 60_000;
/** As `npm start` has one: from the second start on, modules are read from it. */
const COMPILE_CACHE = join(import.meta.dirname, "../.cache/compile");

/** A folder with the stream `home`, a broker, and the dashboard over them. */
export interface Running extends AsyncDisposable {
  folder: string;
  brokerPort: number;
  /** Of the pages, without a slash at its end. */
  address: string;
  /** Of a user who is signed in. */
  cookie: string;
  dashboard: Child;
  /** Starts another program over the same folder and broker; it is ended with the dashboard, before it. */
  start(
    program: readonly [program: string, ...args: string[]],
    environment?: Readonly<Record<string, string>>,
  ): Promise<Child>;
  /** Rejects when one of the processes ends by itself. */
  failed: Promise<never>;
}

/** Starts the dashboard. @param prepare makes what is stored, in the folder that it is given. */
export async function startRunning(
  prepare: (folder: string) => Promise<void> = async () => {},
): Promise<Running> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(temporaryFolder());
  const broker = stack.use(await startBroker());
  await prepare(folder.path);
  const home = { filters: ["home/#"], folder: folder.file("home"), history: "forever" };
  writeFileSync(folder.file("weir.yaml"), JSON.stringify({ streams: { home } }));
  writeFileSync(folder.file("password"), PASSWORD);
  const failure = Promise.withResolvers<never>();
  // Without a waiter at this moment, the next race rejects.
  failure.promise.catch(() => {});
  const children = stack.use(new AsyncDisposableStack());
  const start: Running["start"] = async (program, environment = {}) => {
    const child = children.use(
      await startProgram(
        program,
        {
          NODE_COMPILE_CACHE: COMPILE_CACHE,
          BROKER: `127.0.0.1:${broker.port}`,
          DB_FILE: folder.file("weir.db"),
          WEIR_FILE: folder.file("weir.yaml"),
          LOG_LEVEL: "error",
          ...environment,
        },
        { cwd: folder.path },
      ),
    );
    child.failed.catch(failure.reject);
    return child;
  };
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  const dashboard = await start(["services/dashboard/src/main.ts"], {
    DASHBOARD_PORT: String(port),
    DASHBOARD_HTTP_PORT: "0",
    DASHBOARD_PASSWORD_FILE: folder.file("password"),
  });
  const signedIn = eventually(() => signIn(address), READY_WITHIN_MS);
  const cookie = await Promise.race([signedIn, failure.promise]);
  const owned = stack.move();
  return {
    folder: folder.path,
    brokerPort: broker.port,
    address,
    cookie,
    dashboard,
    start,
    failed: failure.promise,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function signIn(address: string): Promise<string> {
  const response = await fetch(`${address}/api/v1/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "admin", password: PASSWORD }),
  });
  if (!response.ok) throw new Error(`signing in failed: ${await response.text()}`);
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";")[0])
    .join("; ");
}

/** What a process holds of the memory, in MB: its share of what it shares with others (PSS), and what is its own. */
export function memoryOf({ pid }: Child): { pss: number; own: number } {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const megabytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(rollup)?.[1]) / 1_024;
  return { pss: megabytes("Pss"), own: megabytes("Private_Clean") + megabytes("Private_Dirty") };
}
