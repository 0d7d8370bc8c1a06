import { describe, expect, test } from "@jest/globals";
import { createFakeClock } from "@weir/testkit";
import { MissingPackets, type Settled } from "../src/connection/missing-packets.ts";

const IDS = 65_535;
const LOOK_MS = 200;
/** After so long without a message no message comes again. */
const QUIET_MS = 10 * LOOK_MS;
const BUSY_MS = 25 * LOOK_MS;
const PAUSE_MS = 10_000;
const HOUR_MS = 3_600_000;
/** With so many messages in one look the flow is busy. */
const MANY = 250;

/** Looks for what is missing on a clock of its own, connected to a session that is new. */
function createTrial() {
  const fake = createFakeClock();
  let timers = 0;
  const counted = (timer: Disposable): Disposable => {
    let isSet = true;
    timers += 1;
    const end = (): void => {
      if (isSet) timers -= 1;
      isSet = false;
    };
    return {
      [Symbol.dispose]: () => {
        end();
        timer[Symbol.dispose]();
      },
    };
  };
  const clock = {
    ...fake,
    repeat: (everyMs: number, task: () => void) => counted(fake.repeat(everyMs, task)),
    schedule: (delayMs: number, task: () => void) => {
      const timer = counted(
        fake.schedule(delayMs, () => {
          timer[Symbol.dispose]();
          task();
        }),
      );
      return timer;
    },
  };
  const settled: Settled[] = [];
  let repairs = 0;
  let canReopen = true;
  const missing = new MissingPackets({
    clock,
    reopen: () => {
      if (canReopen) repairs += 1;
      return canReopen;
    },
    onSettled: (one) => settled.push(one),
  });
  missing.opened(false);
  return {
    missing,
    settled,
    advance: fake.advance,
    repairs: () => repairs,
    timers: () => timers,
    refuse: (isRefused: boolean) => {
      canReopen = !isRefused;
    },
    /** Messages from one packet id to another one, in order. */
    come: (from: number, to: number, isDuplicate = false) => {
      for (let id = from; id <= to; id += 1) missing.came(((id - 1) % IDS) + 1, isDuplicate);
    },
    /** The connection ends, and the next one begins. */
    reconnect: (hasSession = true) => {
      missing.closed();
      missing.opened(hasSession);
    },
  };
}

describe("packet ids that are left out", () => {
  test("are asked for in a calm moment; what comes again is reported, and the timer is gone", () => {
    const trial = createTrial();
    trial.come(1, 20);
    expect(trial.timers()).toBe(0);
    trial.come(24, 30);
    expect(trial.repairs()).toBe(0);
    trial.advance(LOOK_MS);
    expect(trial.repairs()).toBe(1);
    expect(trial.timers()).toBe(0);
    trial.reconnect();
    trial.come(21, 23, true);
    trial.come(31, 60);
    trial.advance(QUIET_MS);
    expect(trial.settled).toEqual([{ again: 3, lost: 0 }]);
    expect(trial.repairs()).toBe(1);
    expect(trial.timers()).toBe(0);
  });

  test("are asked for once: no look comes while the client is disconnected", () => {
    const trial = createTrial();
    trial.come(1, 20);
    trial.come(24, 30);
    trial.missing.closed();
    trial.advance(HOUR_MS);
    expect(trial.repairs()).toBe(0);
    expect(trial.timers()).toBe(0);
  });

  test("may come without the mark of a duplicate, because they were never sent", () => {
    const trial = createTrial();
    trial.come(1, 20);
    trial.come(41, 60);
    trial.come(81, 90);
    trial.advance(LOOK_MS);
    trial.reconnect();
    trial.come(21, 40);
    trial.come(61, 80);
    trial.come(91, 120);
    trial.advance(QUIET_MS);
    expect(trial.settled).toEqual([{ again: 40, lost: 0 }]);
    expect(trial.repairs()).toBe(1);
  });

  test("are found behind the highest id, and however many there are", () => {
    const trial = createTrial();
    trial.come(IDS - 100, IDS - 3);
    // All but these ids: a step that could be one back, too.
    trial.come(50_000, 50_010);
    trial.advance(LOOK_MS);
    trial.reconnect();
    trial.come(IDS - 2, IDS, true);
    trial.come(1, 49_999, true);
    trial.advance(QUIET_MS);
    // So many may be more than the socket took again: one more look at it.
    expect(trial.repairs()).toBe(2);
    trial.reconnect();
    trial.advance(QUIET_MS);
    expect(trial.settled).toEqual([{ again: 50_002, lost: 0 }]);
  });

  test("are asked for again, until all have come", () => {
    const trial = createTrial();
    trial.come(1, 20);
    trial.come(101, 120);
    for (const [repair, from, to] of [
      [1, 21, 50],
      [2, 51, 51],
      [3, 52, 100],
    ] as const) {
      trial.advance(QUIET_MS);
      expect(trial.repairs()).toBe(repair);
      expect(trial.settled).toEqual([]);
      trial.reconnect();
      trial.come(from, to, true);
    }
    trial.advance(QUIET_MS);
    expect(trial.settled).toEqual([{ again: 80, lost: 0 }]);
    expect(trial.repairs()).toBe(3);
  });

  test("are left to come while they come", () => {
    const trial = createTrial();
    trial.come(1, 20);
    trial.come(41, 50);
    trial.advance(LOOK_MS);
    trial.reconnect();
    for (let id = 21; id <= 39; id += 1) {
      trial.come(id, id, true);
      trial.advance(QUIET_MS - LOOK_MS);
    }
    expect(trial.repairs()).toBe(1);
    trial.come(40, 40, true);
    trial.advance(QUIET_MS);
    expect(trial.settled).toEqual([{ again: 20, lost: 0 }]);
  });

  test("come with any new connection: none is opened for them then", () => {
    const trial = createTrial();
    trial.come(1, 20);
    trial.come(24, 30);
    trial.reconnect();
    trial.come(21, 23, true);
    trial.advance(HOUR_MS);
    expect(trial.settled).toEqual([{ again: 3, lost: 0 }]);
    expect(trial.repairs()).toBe(0);
  });

  test("are asked for once the client can connect again", () => {
    const trial = createTrial();
    trial.come(1, 20);
    trial.come(24, 30);
    trial.refuse(true);
    trial.advance(HOUR_MS);
    trial.refuse(false);
    trial.advance(LOOK_MS);
    expect(trial.repairs()).toBe(1);
  });
});

describe("in a busy flow", () => {
  test("a connection ends only after a while, and then although messages come", () => {
    const trial = createTrial();
    let next = 1;
    const flow = (): void => {
      trial.come(next, next + MANY - 1);
      next += MANY;
      trial.advance(LOOK_MS);
    };
    flow();
    next += 10;
    for (let passedMs = LOOK_MS; passedMs < BUSY_MS; passedMs += LOOK_MS) flow();
    expect(trial.repairs()).toBe(0);
    flow();
    expect(trial.repairs()).toBe(1);
    trial.reconnect();
    trial.come(MANY + 1, MANY + 10, true);
    for (let passedMs = 0; passedMs < QUIET_MS; passedMs += LOOK_MS) flow();
    expect(trial.settled).toEqual([{ again: 10, lost: 0 }]);
    expect(trial.timers()).toBe(0);
  });

  test("it ends before the broker uses a missing id again", () => {
    const trial = createTrial();
    trial.come(1, 20);
    trial.come(22, 33_000);
    trial.advance(LOOK_MS);
    expect(trial.repairs()).toBe(1);
  });

  test("a message whose id is in use again is lost", () => {
    const trial = createTrial();
    trial.come(1, 20);
    trial.come(22, IDS + 30);
    trial.advance(LOOK_MS);
    expect(trial.settled).toEqual([{ again: 0, lost: 1 }]);
    expect(trial.repairs()).toBe(0);
  });
});

describe("nothing is taken for missing", () => {
  test("where the ids go round", () => {
    const trial = createTrial();
    trial.come(IDS - 30, 2 * IDS + 30);
    expect(trial.timers()).toBe(0);
  });

  test.each([
    [
      "a window that goes round",
      [
        [1, 100],
        [1, 100],
        [1, 50],
        [61, 100],
      ],
    ],
    [
      "the lowest id that is free",
      [
        [1, 100],
        [1, 60],
        [101, 140],
        [61, 100],
        [141, 160],
      ],
    ],
    [
      "ids in no order",
      [
        [7, 7],
        [300, 300],
        [9, 9],
        [40_000, 40_010],
        [11, 11],
        [80, 80],
      ],
    ],
  ])("with a broker that takes %s", (_, runs) => {
    const trial = createTrial();
    for (const [from, to] of runs) trial.come(from as number, to as number);
    trial.come(1_000, 1_040);
    expect(trial.timers()).toBe(0);
  });

  test("where ids are in use by messages that came again", () => {
    const trial = createTrial();
    trial.reconnect();
    trial.come(30, 50, true);
    trial.come(1, 29);
    trial.come(51, 60);
    trial.advance(LOOK_MS);
    expect(trial.settled).toEqual([]);
    expect(trial.repairs()).toBe(0);
    expect(trial.timers()).toBe(0);
  });
});

describe("where nothing comes again", () => {
  test("the messages are lost, once; the next ones wait for the end of a pause, which doubles", () => {
    const trial = createTrial();
    let next = 1;
    let pauseMs = 0;
    for (let repair = 1; repair <= 12; repair += 1) {
      trial.come(next, next + 20);
      trial.come(next + 24, next + 30);
      next += 31;
      trial.advance(Math.max(pauseMs - 1, 0));
      expect(trial.repairs()).toBe(repair - 1);
      trial.advance(2 * LOOK_MS);
      expect(trial.repairs()).toBe(repair);
      trial.reconnect();
      trial.advance(QUIET_MS);
      expect(trial.settled).toEqual(Array.from({ length: repair }, () => ({ again: 0, lost: 3 })));
      expect(trial.timers()).toBe(0);
      pauseMs = Math.min(PAUSE_MS * 2 ** (repair - 1), HOUR_MS);
    }
    expect(pauseMs).toBe(HOUR_MS);
  });

  test("other messages that come again are no reason to ask once more", () => {
    const trial = createTrial();
    trial.come(1, 20);
    trial.come(24, 30);
    trial.advance(LOOK_MS);
    trial.reconnect();
    trial.come(31, 40, true);
    trial.advance(HOUR_MS);
    expect(trial.repairs()).toBe(1);
    expect(trial.settled).toEqual([{ again: 10, lost: 3 }]);
  });

  test("because the session is gone, they are lost at once", () => {
    const trial = createTrial();
    trial.come(1, 20);
    trial.come(24, 30);
    trial.reconnect(false);
    expect(trial.settled).toEqual([{ again: 0, lost: 3 }]);
    expect(trial.timers()).toBe(0);
  });

  test("one connection that brings something ends the doubling", () => {
    const trial = createTrial();
    const ask = (from: number): void => {
      trial.come(from, from + 20);
      trial.come(from + 22, from + 30);
      trial.advance(HOUR_MS);
      trial.reconnect();
    };
    for (const from of [1, 101, 201]) {
      ask(from);
      trial.advance(QUIET_MS);
    }
    ask(301);
    trial.come(322, 322, true);
    trial.advance(QUIET_MS);
    ask(401);
    trial.advance(QUIET_MS);
    trial.come(501, 520);
    trial.come(522, 530);
    const before = trial.repairs();
    trial.advance(PAUSE_MS + LOOK_MS);
    expect(trial.repairs()).toBe(before + 1);
  });
});

describe("a client that fell behind", () => {
  test("asks in the next calm moment for what may be missing behind the last message", () => {
    const trial = createTrial();
    trial.come(1, MANY);
    trial.missing.fellBehind();
    trial.come(MANY + 1, 2 * MANY);
    trial.advance(LOOK_MS);
    for (let passedMs = 0; passedMs < 2 * BUSY_MS; passedMs += LOOK_MS) {
      trial.come(1, MANY);
      trial.advance(LOOK_MS);
    }
    expect(trial.repairs()).toBe(0);
    trial.advance(LOOK_MS);
    expect(trial.repairs()).toBe(1);
    trial.reconnect();
    trial.come(1_000, 1_050, true);
    trial.advance(QUIET_MS);
    expect(trial.settled).toEqual([{ again: 51, lost: 0 }]);
    expect(trial.timers()).toBe(0);
  });

  test("asks again while as much comes as may overflow again", () => {
    const trial = createTrial();
    trial.missing.fellBehind();
    trial.advance(LOOK_MS);
    for (let repair = 1; repair <= 3; repair += 1) {
      expect(trial.repairs()).toBe(repair);
      trial.reconnect();
      trial.come(1_000 * repair, 1_000 * repair + 999, true);
      trial.advance(QUIET_MS);
    }
    expect(trial.repairs()).toBe(4);
    trial.reconnect();
    trial.advance(QUIET_MS);
    expect(trial.settled).toEqual([{ again: 3_000, lost: 0 }]);
    expect(trial.timers()).toBe(0);
  });

  test("that had missed nothing pauses, longer each time, and reports nothing", () => {
    const trial = createTrial();
    for (const [repair, pauseMs] of [0, PAUSE_MS, 2 * PAUSE_MS, 4 * PAUSE_MS].entries()) {
      trial.missing.fellBehind();
      trial.advance(Math.max(pauseMs - 1, 0));
      expect(trial.repairs()).toBe(repair);
      trial.advance(2 * LOOK_MS);
      expect(trial.repairs()).toBe(repair + 1);
      trial.reconnect();
      trial.advance(QUIET_MS);
    }
    expect(trial.settled).toEqual([]);
    expect(trial.timers()).toBe(0);
  });
});
