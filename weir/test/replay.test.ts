import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import type { Clock } from "@weir/runtime";
import type { NewRow } from "@weir/store";
import {
  connectTestClient,
  createFakeClock,
  eventually,
  openTestStore,
  rowOf,
  START_US,
  startFaultProxy,
  type TemporaryFolder,
  temporaryFolder,
} from "@weir/testkit";
import { startHere } from "./fixture.ts";

/** Rows with the payloads 1 to `count`, a second apart. */
function rows(count: number, changes: Partial<NewRow> = {}): NewRow[] {
  return Array.from({ length: count }, (_, index) => ({
    ...rowOf(String(index + 1), START_US + index * 1_000_000),
    ...changes,
  }));
}

interface Recording {
  folder: TemporaryFolder;
  /** Where the stream's own broker is, and the one that is played to. */
  port: number;
}

/** Plays what is in `weir.db` to a broker. */
async function play(
  { folder, port }: Recording,
  argv: readonly string[],
  options: { clock?: Clock; signal?: AbortSignal } = {},
) {
  const { code, out, err } = await startHere(["replay", "--stream", "data", ...argv], {
    environment: { DB_FILE: folder.file("weir.db"), BROKER: `127.0.0.1:${port}` },
    ...options,
  }).ended;
  const [sent, refused, leftOut] = (
    out.match(/[\d,]+(?= (messages sent|refused|left out))/g) ?? []
  ).map((count) => Number(count.replaceAll(",", "")));
  return { code, err, sent, refused, leftOut };
}

function record(folder: TemporaryFolder, recorded: readonly NewRow[]): void {
  using store = openTestStore(folder.file("weir.db"));
  store.append(recorded);
}

const payloadsOf = (messages: readonly { payload: Buffer }[]): string[] =>
  messages.map(({ payload }) => payload.toString());

const upTo = (count: number): string[] => Array.from({ length: count }, (_, n) => String(n + 1));

describe("a replay", () => {
  test("plays each message back in order, under its root", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    record(folder, rows(2_500));
    await using client = await connectTestClient(broker.port, "#");
    const recording = { folder, port: broker.port };
    const replayed = await play(recording, ["--root", "replay/", "--speed", "max"]);
    await eventually(() => client.received.length === 2_500);
    expect(replayed).toMatchObject({ sent: 2_500, refused: 0 });
    expect(payloadsOf(client.received)).toEqual(upTo(2_500));
    expect(new Set(client.received.map(({ topic }) => topic))).toEqual(new Set(["replay/DATA"]));
  });

  test("plays a part: by time, topic and number", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    record(folder, [...rows(10, { topic: "a" }), ...rows(10, { topic: "b" })]);
    await using client = await connectTestClient(broker.port, "#");
    const argv = [
      "--topic",
      "b",
      "--from",
      "2026-01-01T00:00:03Z",
      "--limit",
      "2",
      "--speed",
      "max",
    ];
    await play({ folder, port: broker.port }, argv);
    await eventually(() => client.received.length === 2);
    expect(payloadsOf(client.received)).toEqual(["4", "5"]);
  });

  test("loses nothing with a connection that is lost", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    await using proxy = await startFaultProxy({ target: { host: "127.0.0.1", port: broker.port } });
    record(folder, rows(3_000));
    await using client = await connectTestClient(broker.port, "#");
    const cut = proxy.cutNext({ direction: "up", afterBytes: 20_000 });
    const argv = ["--root", "replay/", "--speed", "max"];
    const replayed = await play({ folder, port: proxy.port }, argv);
    await cut;
    await eventually(() => new Set(payloadsOf(client.received)).size === 3_000);
    expect(replayed).toMatchObject({ sent: 3_000, refused: 0 });
    // Again from the first that was not confirmed, so each comes first behind those before it.
    expect([...new Set(payloadsOf(client.received))]).toEqual(upTo(3_000));
  });

  test("leaves out topics that clients may not publish to", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    record(folder, [...rows(1, { topic: "$SYS/uptime" }), ...rows(1, { topic: "b" })]);
    await using client = await connectTestClient(broker.port, "#");
    const replayed = await play({ folder, port: broker.port }, []);
    expect(replayed).toMatchObject({ sent: 1, leftOut: 1 });
    await eventually(() => client.received.length === 1);
    expect(client.received[0]?.topic).toBe("b");
  });

  test("does not feed a stream with its own recording, unless an option allows it", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    record(folder, rows(1));
    await using client = await connectTestClient(broker.port, "#");
    const recording = { folder, port: broker.port };
    expect(await play(recording, [])).toMatchObject({
      code: 78,
      err: expect.stringMatching(/"DATA".*\n.*--root/),
    });
    await expect(play(recording, ["--root", "x/", "--rewrite", "DATA=y"])).resolves.toMatchObject({
      sent: 1,
    });
    await expect(play(recording, ["--same-topics"])).resolves.toMatchObject({ sent: 1 });
    await eventually(() => client.received.length === 2);
    expect(client.received.map(({ topic }) => topic)).toEqual(["x/y", "DATA"]);
  });

  test.each([
    [[], 0],
    [["--retained"], 1],
  ])("with %j has the broker keep so many messages: %s", async (argv, kept) => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    record(folder, rows(1, { topic: "kept", retained: true }));
    await play({ folder, port: broker.port }, argv);
    await using client = await connectTestClient(broker.port, "#");
    await client.publish("last", "", { qos: 1 });
    await eventually(() => client.received.at(-1)?.topic === "last");
    expect(client.received.filter(({ topic }) => topic === "kept")).toHaveLength(kept);
  });

  test("waits between two messages as long as they were apart", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    record(folder, [rowOf("1", START_US), rowOf("2", START_US + 60_000_000)]);
    await using client = await connectTestClient(broker.port, "#");
    const clock = createFakeClock(Date.now());
    const scheduled = Promise.withResolvers<void>();
    const watched = {
      ...clock,
      schedule: (delayMs: number, task: () => void) => {
        if (delayMs === 30_000) scheduled.resolve();
        return clock.schedule(delayMs, task);
      },
    };
    const recording = { folder, port: broker.port };
    const playing = play(recording, ["--root", "r/", "--speed", "2"], { clock: watched });
    await scheduled.promise;
    await eventually(() => client.received.length === 1);
    clock.advance(29_999);
    await client.publish("sentinel", "", { qos: 1 });
    await eventually(() => client.received.at(-1)?.topic === "sentinel");
    clock.advance(1);
    await playing;
    await eventually(() => client.received.length === 3);
    expect(client.received.map(({ topic }) => topic)).toEqual(["r/DATA", "sentinel", "r/DATA"]);
  });

  test("pauses no longer than --max-gap, to the broker and with the given quality of service", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    record(folder, [rowOf("1", START_US), rowOf("2", START_US + 3_600_000_000)]);
    await using client = await connectTestClient(broker.port, "#");
    const clock = createFakeClock(Date.now());
    const argv = ["--max-gap", "1500ms", "--qos", "0", "--broker", `127.0.0.1:${broker.port}`];
    const playing = play({ folder, port: 1 }, argv, { clock });
    await eventually(() => client.received.length === 1);
    await eventually(() => {
      clock.advance(1_500);
      return client.received.length === 2;
    });
    expect(await playing).toMatchObject({ sent: 2, code: 0 });
    expect(client.received.map(({ qos }) => qos)).toEqual([0, 0]);
    expect(clock.monotonic()).toBeLessThan(3_600_000);
  });

  test("can be stopped in the middle of a pause, and says where to go on", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    record(folder, [rowOf("1", START_US), rowOf("2", START_US + 3_600_000_000)]);
    await using client = await connectTestClient(broker.port, "#");
    const stopping = new AbortController();
    const recording = { folder, port: broker.port };
    const playing = play(recording, ["--root", "r/"], { signal: stopping.signal });
    await eventually(() => client.received.length === 1);
    stopping.abort("SIGINT");
    expect(await playing).toMatchObject({
      sent: 1,
      code: 130,
      err: "weir replay: stopped; go on with --cursor weir.db:1\n",
    });
    const rest = await play(recording, ["--root", "r/", "--cursor", "weir.db:1"]);
    expect(rest).toMatchObject({ sent: 1, code: 0 });
  });
});
