import { expect, test } from "@jest/globals";
import { systemClock } from "@weir/runtime";
import { eventually, startStandIn } from "@weir/testkit";
import { startTrial } from "../fixture.ts";
import { validMessage } from "../raw-packets.ts";

const BATCH = { rowsMax: 1_000, bytesMax: 1_000_000, delayMs: 0 };
/** How long a batch takes to be stored: more than a slice. */
const SLOW_MS = 30;
const MESSAGES = 60_000;
const FLOOD = Buffer.concat(Array.from({ length: MESSAGES }, (_, n) => validMessage(n + 1, 5)));
/** One read, at most. */
const READ_MESSAGES = Math.ceil(262_144 / validMessage(1, 5).length);
const TIMEOUT_MS = 60_000;

test(
  "between two slow reads of a flood, timers and other sockets have their turn",
  async () => {
    await using standIn = await startStandIn();
    let passedMs = 0;
    // Each batch takes its time on this clock, and none of the test.
    const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + passedMs };
    let taken = 0;
    let inOneTurn = 0;
    let mostInOneTurn = 0;
    await using trial = startTrial(standIn.url, {
      transport: "direct",
      batch: BATCH,
      clock,
      onBatch: (messages) => {
        taken += messages.length;
        if (inOneTurn === 0) {
          // A turn of the event loop ends with what was set for it.
          setImmediate(() => {
            inOneTurn = 0;
          });
        }
        inOneTurn += messages.length;
        mostInOneTurn = Math.max(mostInOneTurn, inOneTurn);
        passedMs += SLOW_MS;
      },
    });
    await eventually(() => trial.states.includes("connected"), TIMEOUT_MS);
    standIn.peers[0]?.socket.write(FLOOD);
    await eventually(() => taken === MESSAGES, TIMEOUT_MS);
    expect(mostInOneTurn).toBeLessThanOrEqual(2 * READ_MESSAGES);
  },
  TIMEOUT_MS,
);
