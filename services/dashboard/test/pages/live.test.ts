import { describe, expect, test } from "@jest/globals";
import { AWAY_MS, Live, type Source } from "../../pages/live.ts";

/** A page's surroundings: event streams that a test speaks through, and timers that it lets pass. */
function surroundings() {
  const sources: TestSource[] = [];
  const away: boolean[] = [];
  let refusals = 0;
  let timers: { atMs: number; act: () => void }[] = [];
  let nowMs = 0;
  const live = new Live({
    open: (query) => {
      const source = new TestSource(query);
      sources.push(source);
      return source;
    },
    after: (ms, act) => {
      const timer = { atMs: nowMs + ms, act };
      timers.push(timer);
      return () => {
        timers = timers.filter((one) => one !== timer);
      };
    },
    onAway: (isAway) => away.push(isAway),
    onRefused: () => {
      refusals++;
    },
  });
  return {
    live,
    sources,
    away,
    refusals: () => refusals,
    newest: () => sources.at(-1) as TestSource,
    pass(ms: number) {
      nowMs += ms;
      for (;;) {
        const due = timers.find(({ atMs }) => atMs <= nowMs);
        if (due === undefined) return;
        timers = timers.filter((one) => one !== due);
        due.act();
      }
    },
  };
}

class TestSource implements Source {
  readyState = 0;
  isClosed = false;
  readonly query: URLSearchParams;
  readonly #takers = new Map<
    string,
    ((event: { data?: unknown; lastEventId?: string }) => void)[]
  >();

  constructor(query: string) {
    this.query = new URLSearchParams(query);
  }

  addEventListener(type: string, take: (event: object) => void): void {
    this.#takers.set(type, [...(this.#takers.get(type) ?? []), take]);
  }

  say(type: string, data: unknown, lastEventId = ""): void {
    for (const take of this.#takers.get(type) ?? []) {
      take({ data: JSON.stringify(data), lastEventId });
    }
  }

  close(): void {
    this.isClosed = true;
    this.readyState = 2;
  }

  fail(readyState: number): void {
    this.readyState = readyState;
    for (const take of this.#takers.get("error") ?? []) take({});
  }
}

describe("the one stream of a page", () => {
  test("parts that come together are asked for with one stream", () => {
    const { live, sources, newest, pass } = surroundings();
    live.follow({}, {});
    live.follow({ devices: "changes" }, {});
    live.follow({ device: "kitchen" }, {});
    live.follow({ series: ["a#x", "b#y"], after: "t1" }, {});
    pass(0);
    expect(sources).toHaveLength(1);
    expect(newest().query.getAll("series")).toEqual(["a#x", "b#y"]);
    expect(newest().query.get("after")).toBe("t1");
    expect(newest().query.get("device")).toBe("kitchen");
    expect(newest().query.get("devices")).toBe("changes");
  });

  test("points go to the part that follows series, status to every part that wants it", () => {
    const { live, newest, pass } = surroundings();
    const heard: string[] = [];
    live.follow({}, { points: () => heard.push("no"), status: () => heard.push("status") });
    live.follow({ series: ["a#x"] }, { points: ({ points }) => heard.push(`${points.length}`) });
    pass(0);
    newest().say("points", { points: [[0, 1, 2]] });
    newest().say("status", {});
    expect(heard).toEqual(["1", "status"]);
  });

  test("points of another question are not given to a part that has just come", () => {
    const { live, newest, pass } = surroundings();
    const heard: unknown[] = [];
    live.follow({ series: ["a#x"] }, {});
    pass(0);
    live.follow({ series: ["b#y"] }, { points: ({ points }) => heard.push(points) });
    newest().say("points", { points: [[0, 1, 2]] });
    pass(0);
    newest().say("points", { points: [[0, 3, 4]] });
    expect(heard).toEqual([[[0, 3, 4]]]);
  });

  test("another wish opens another stream, which goes on behind the last event", () => {
    const { live, sources, newest, pass } = surroundings();
    live.follow({ series: ["a#x"], after: "t1" }, {});
    pass(0);
    newest().say("points", { points: [] }, "t2");
    const end = live.follow({ device: "kitchen" }, {});
    pass(0);
    expect(sources[0]?.isClosed).toBe(true);
    expect(newest().query.get("after")).toBe("t2");
    end();
    pass(0);
    expect(sources).toHaveLength(3);
    expect(newest().query.get("device")).toBeNull();
  });

  test("a history that was loaded once more decides where points go on", () => {
    const { live, newest, pass } = surroundings();
    const end = live.follow({ series: ["a#x"], after: "t1" }, {});
    pass(0);
    newest().say("points", { points: [] }, "t2");
    end();
    live.follow({ series: ["a#x"], after: "t9" }, {});
    pass(0);
    expect(newest().query.get("after")).toBe("t9");
  });

  test("events of a stream that was replaced are not heard", () => {
    const { live, sources, pass } = surroundings();
    let heard = 0;
    live.follow({ series: ["a#x"] }, { points: () => heard++ });
    pass(0);
    live.follow({ device: "kitchen" }, {});
    pass(0);
    sources[0]?.say("points", { points: [] });
    expect(heard).toBe(0);
    sources[1]?.say("points", { points: [] });
    expect(heard).toBe(1);
  });
});

describe("a stream that is away", () => {
  test("counts as stale after five seconds, not before, until an event comes", () => {
    const { live, newest, pass, away } = surroundings();
    live.follow({}, {});
    pass(0);
    newest().say("hello", {});
    newest().fail(0);
    pass(AWAY_MS - 1);
    expect(away).toEqual([]);
    pass(1);
    expect(away).toEqual([true]);
    newest().say("hello", {});
    expect(away).toEqual([true, false]);
  });

  test("comes back when the server that ended it said, behind the last event", () => {
    const { live, sources, newest, pass, away } = surroundings();
    live.follow({ series: ["a#x"], after: "t1" }, {});
    pass(0);
    newest().say("points", { points: [] }, "t5");
    newest().say("bye", { reason: "it restarts", retryMs: 1_000 }, "t5");
    expect(newest().isClosed).toBe(true);
    pass(999);
    expect(sources).toHaveLength(1);
    pass(1);
    expect(sources).toHaveLength(2);
    expect(newest().query.get("after")).toBe("t5");
    newest().say("hello", {});
    pass(AWAY_MS);
    expect(away).toEqual([]);
  });

  test("is opened again when it was refused, and the session is looked at", () => {
    const { live, sources, newest, pass, refusals } = surroundings();
    live.follow({}, {});
    pass(0);
    newest().fail(2);
    expect(refusals()).toBe(1);
    pass(2_500);
    expect(sources).toHaveLength(2);
    // Each refusal in a row waits longer.
    newest().fail(2);
    pass(2_500);
    expect(sources).toHaveLength(2);
    pass(2_500);
    expect(sources).toHaveLength(3);
  });

  test("ends with the last part, and with the page", () => {
    const { live, newest, pass, sources } = surroundings();
    const end = live.follow({}, {});
    pass(0);
    end();
    pass(0);
    expect(newest().isClosed).toBe(true);
    live.follow({}, {});
    pass(0);
    live.end();
    pass(60_000);
    expect(newest().isClosed).toBe(true);
    expect(sources).toHaveLength(2);
    live.resume();
    pass(0);
    expect(sources).toHaveLength(3);
  });
});
