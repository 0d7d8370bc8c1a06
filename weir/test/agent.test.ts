import { expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { connectTestClient, eventually, temporaryFolder } from "@weir/testkit";
import { startProcess } from "./fixture.ts";

const START_MS = 30_000;

test("weir agent runs beside another one, as the tutorial has it, and names the folder that it needs", async () => {
  using folder = temporaryFolder();
  await using broker = await startBroker();
  await using client = await connectTestClient(broker.port, "devices/+/availability");
  const start = (...argv: string[]) =>
    startProcess(["agent", "--broker", `mqtt://127.0.0.1:${broker.port}`, ...argv], {
      cwd: folder.path,
    });
  const devices = [start("--id", "attic"), start("--id", "cellar", "--folder", "data/cellar")];
  try {
    await eventually(() => client.received.length === devices.length, START_MS);
    expect(client.received.map(({ payload }) => String(payload))).toEqual(["online", "online"]);
    expect(await start("--id", "barn").ended).toMatchObject({
      code: 75,
      err: expect.stringContaining("or --folder"),
    });
  } finally {
    for (const { child } of devices) child.kill("SIGTERM");
  }
  const ended = await Promise.all(devices.map((device) => device.ended));
  expect(ended.map(({ code }) => code)).toEqual([0, 0]);
});
