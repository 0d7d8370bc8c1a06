import { describe, expect, jest, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import {
  connectTestClient,
  eventually,
  openTestStore,
  rowOf,
  START_US,
  type TemporaryFolder,
  temporaryFolder,
} from "@weir/testkit";
import { startProcess } from "./fixture.ts";

// Processes are started, some of them one after the other.
jest.setTimeout(180_000);

const start = (folder: TemporaryFolder, port: number, argv: readonly string[]) =>
  startProcess(["replay", ...argv], {
    cwd: folder.path,
    env: { DB_FILE: folder.file("weir.db"), BROKER: `127.0.0.1:${port}` },
  });

describe("weir replay", () => {
  test("plays a recording back and says how much that was", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    {
      using store = openTestStore(folder.file("weir.db"));
      store.append([rowOf("1"), rowOf("2"), { ...rowOf("3"), topic: "$SYS/x" }]);
    }
    await using client = await connectTestClient(broker.port, "#");
    const argv = ["--stream", "data", "--rewrite", "DATA=replay/DATA"];
    const { out, err, code } = await start(folder, broker.port, argv).ended;
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("2 messages sent, 0 refused by the broker, 1 left out");
    await eventually(() => client.received.length === 2);
  });

  test("prints the cursor to go on with on Ctrl-C", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    {
      using store = openTestStore(folder.file("weir.db"));
      store.append([rowOf("1"), rowOf("2", START_US + 3_600_000_000)]);
    }
    await using client = await connectTestClient(broker.port, "#");
    const { child, ended } = start(folder, broker.port, ["--stream", "data", "--root", "r/"]);
    await eventually(() => client.received.length === 1);
    child.kill("SIGINT");
    expect(await ended).toMatchObject({
      code: 130,
      err: "weir replay: stopped; go on with --cursor weir.db:1\n",
    });
  });

  test("says what is wrong with its options, and what it is for", async () => {
    using folder = temporaryFolder();
    const bad = await start(folder, 1, ["--stream", "data", "--speed", "warp"]).ended;
    expect(bad).toMatchObject({ code: 78, err: expect.stringContaining('--speed: "warp"') });
    const twice = await start(folder, 1, ["--stream", "data", "--day", "today", "--to", "now"])
      .ended;
    expect(twice).toMatchObject({
      code: 78,
      err: expect.stringContaining("--day and --to exclude"),
    });
    const help = await start(folder, 1, ["--help"]).ended;
    expect(help).toMatchObject({ code: 0, out: expect.stringContaining("--same-topics") });
  });
});
