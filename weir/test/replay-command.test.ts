import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
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

// Processes are started, some of them one after the other.
jest.setTimeout(180_000);

const COMMAND = fileURLToPath(new URL("../src/replay.ts", import.meta.url));
const LOCAL = { host: "127.0.0.1", port: 0 };

function start(folder: TemporaryFolder, port: number, argv: readonly string[]) {
  const child = spawn(process.execPath, [COMMAND, ...argv], {
    cwd: folder.path,
    env: { DB_FILE: folder.file("weir.db"), BROKER: `127.0.0.1:${port}` },
  });
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]).then(
    ([stdout, stderr, [code]]) => ({ stdout, stderr, code: code as number | null }),
  );
  return { child, ended };
}

describe("npm run replay", () => {
  test("plays a recording back and says how much that was", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker(LOCAL);
    {
      using store = openTestStore(folder.file("weir.db"));
      store.append([rowOf("1"), rowOf("2"), { ...rowOf("3"), topic: "$SYS/x" }]);
    }
    await using client = await connectTestClient(broker.port, "#");
    const argv = ["--stream", "data", "--rewrite", "DATA=replay/DATA"];
    const { stdout, stderr, code } = await start(folder, broker.port, argv).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("2 messages sent, 0 refused by the broker, 1 left out");
    await eventually(() => client.received.length === 2);
  });

  test("prints the cursor to go on with on Ctrl-C", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker(LOCAL);
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
      stderr: "replay: stopped; go on with --cursor weir.db:1\n",
    });
  });

  test("says what is wrong with its options, and what it is for", async () => {
    using folder = temporaryFolder();
    const bad = await start(folder, 1, ["--stream", "data", "--speed", "warp"]).ended;
    expect(bad).toMatchObject({ code: 78, stderr: expect.stringContaining('--speed: "warp"') });
    const help = await start(folder, 1, ["--help"]).ended;
    expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining("--same-topics") });
  });
});
