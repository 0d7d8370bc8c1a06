import { join } from "node:path";
import { startBroker } from "@weir/broker";
import { eventually, freePort } from "@weir/testkit";
import { type Case, ratio } from "../comparison.ts";
import { evenly, fromStandIn } from "../logger/measure.ts";
import type { Subject } from "../logger/subjects.ts";
import { weir } from "../logger/weir.ts";
import { startProgram } from "../process.ts";
import { besideArchiving } from "./archiving.ts";

const PROGRAM = join(import.meta.dirname, "../../services/logger/src/main.ts");
const MESSAGES_PER_SECOND = 5_000;
const FILTER = "fleet/+/state";
const TOPICS = Array.from(
  { length: 1_000 },
  (_, number) => `fleet/device-${String(number).padStart(4, "0")}/state`,
);

/** The logger that stores states of four attributes. @param history as weir.yaml has it. */
export function loggerOfStates(name: string, history: "off" | "forever"): Subject {
  const streams = { fleet: { filters: [FILTER], history } };
  return weir({ name, program: PROGRAM, streams });
}

/** States of 1,000 devices, evenly, for so many seconds. */
export function statesEvenly(seconds: number) {
  const load = {
    ...evenly(MESSAGES_PER_SECOND, seconds),
    topics: TOPICS,
    content: "state",
  } as const;
  return { load, filter: FILTER };
}

/** The same subject, with stats on the same store while it runs. */
function besideStats(subject: Subject): Subject {
  return {
    ...subject,
    start: async (order) => {
      await using starting = new AsyncDisposableStack();
      const running = starting.use(await subject.start(order));
      const broker = starting.use(await startBroker());
      const httpPort = await freePort();
      const stats = starting.use(
        await startProgram(["services/stats/src/main.ts"], {
          BROKER_URL: `mqtt://127.0.0.1:${broker.port}`,
          DB_FILE: join(order.folder, "weir.db"),
          WEIR_FILE: join(order.folder, "weir.yaml"),
          STATS_HTTP_PORT: String(httpPort),
          LOG_LEVEL: "warn",
        }),
      );
      // It is not ready without the stream data, and reads others all the same.
      const isRunning = async () => (await fetch(`http://127.0.0.1:${httpPort}/healthz`)).ok;
      await Promise.race([eventually(isRunning), stats.failed]);
      const failed = Promise.race([running.failed, stats.failed]);
      // Without a waiter at this moment, the next race rejects.
      failed.catch(() => {});
      const started = starting.move();
      return {
        ...running,
        failed,
        [Symbol.asyncDispose]: () => started.disposeAsync(),
      };
    },
  };
}

/** What writing points and archiving change for those who wait for their PUBACK. @param segment a closed one. */
export function liveCase(segment: string, { isQuick }: { isQuick: boolean }): Case {
  const seconds = isQuick ? 3 : 40;
  const alone = loggerOfStates("the logger alone", "off");
  const without = besideStats(loggerOfStates("beside stats without history", "off"));
  const withPoints = besideStats(loggerOfStates("beside stats with history", "forever"));
  const archiving = besideArchiving(loggerOfStates("beside archiving", "off"), segment);
  const title = `states at ${MESSAGES_PER_SECOND.toLocaleString("en")}/s`;
  return {
    name: "live",
    title,
    contenders: fromStandIn([alone, without, withPoints, archiving], statesEvenly(seconds)),
    claims: [
      {
        text: `${title}: p99 to PUBACK, with history over without`,
        target: { atMost: 1.1 },
        of: ratio("p99Ms", withPoints, without),
      },
      {
        text: `${title}: p99 to PUBACK, beside archiving over alone`,
        target: { atMost: 1.1 },
        of: ratio("p99Ms", archiving, alone),
      },
    ],
    secondsEach: seconds,
  };
}
