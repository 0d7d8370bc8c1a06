import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { connectTestClient, eventually, type TestClient } from "@weir/testkit";
import { type CommandLife, commandLife, deviceCommands } from "../../src/contract/devices.ts";
import { startTestDevices, type TestDevices } from "./fixture.ts";

const KITCHEN = "home:devices/kitchen";
const COMMANDS = `/devices/${encodeURIComponent(KITCHEN)}/commands`;
const COMMAND = "devices/kitchen/command";
const ACK = `${COMMAND}/ack`;
const QOS = { qos: 1 } as const;

let home: TestDevices;
/** A device that answers by hand: it receives its commands. */
let device: TestClient;

const received = (): { id: string; name: string; payload?: unknown; expiresAt: number }[] =>
  device.received.map(({ payload }) => JSON.parse(payload.toString()));
const answer = (id: string, name: string, status: string, more: object = {}): Promise<void> =>
  device.publish(ACK, JSON.stringify({ id, name, status, at: Date.now(), ...more }), QOS);
const post = (payload: object) =>
  home.api.inject({ method: "POST", url: `/api/v1${COMMANDS}`, payload });
const ofDevice = () => home.get(COMMANDS, deviceCommands);

async function send(command: object): Promise<CommandLife> {
  const response = await post(command);
  expect(response.statusCode).toBe(200);
  return commandLife.parse(response.json());
}

beforeEach(async () => {
  home = await startTestDevices();
  device = await connectTestClient(home.port, COMMAND);
  home.count({ topic: "devices/kitchen/state", payload: { data: { walk: 1 } } });
});
afterEach(async () => {
  await device[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
});

describe("a command", () => {
  test("goes to the device, and is followed to its end", async () => {
    const told: (string | null)[] = [];
    using _listening = home.devices.onEvents(KITCHEN, ({ event, data }) => {
      if (event === "command") told.push(data.acks.at(-1)?.status ?? null);
    });
    const sent = await send({ name: "change_send_interval", payload: 30, timeoutMs: 5_000 });
    expect(sent).toMatchObject({ device: KITCHEN, payload: 30, acks: [], outcome: null });
    const [got] = await eventually(() => received().length > 0 && received());
    expect(got).toMatchObject({ id: sent.id, name: "change_send_interval", payload: 30 });
    expect(got?.expiresAt).toBe(sent.sentMs + 5_000);

    const waiting = home.get(`${COMMANDS}/${sent.id}?waitMs=60000`, commandLife);
    await answer(sent.id, sent.name, "received");
    await answer(sent.id, sent.name, "running");
    await answer(sent.id, sent.name, "done", { result: { seconds: 30 } });
    const ended = await waiting;
    expect(ended.outcome).toBe("done");
    expect(ended.acks.map(({ status }) => status)).toEqual(["received", "running", "done"]);
    expect(ended.acks.at(-1)?.result).toEqual({ seconds: 30 });
    expect(told).toEqual([null, "received", "running", "done"]);
  });

  test("has no answer after its time, and one that comes later still counts", async () => {
    const { id, name } = await send({ name: "report_now", timeoutMs: 1_000 });
    const ended = await home.get(`${COMMANDS}/${id}?waitMs=60000`, commandLife);
    expect(ended.outcome).toBe("no answer");
    await answer(id, name, "expired", { error: "too late" });
    await eventually(async () => {
      const late = await home.get(`${COMMANDS}/${id}`, commandLife);
      return late.outcome === "expired" && late.acks[0]?.error === "too late";
    });
  });

  test("of another program is shown, and an answer that the broker had kept is not", async () => {
    const kept = { id: "theirs", name: "report_now", status: "failed", at: 1, error: "old" };
    await device.publish(ACK, JSON.stringify(kept), { qos: 1, retain: true });
    const theirs = { id: "theirs", name: "report_now", payload: { a: "<b>" } };
    await device.publish(COMMAND, JSON.stringify(theirs), QOS);
    await answer("theirs", "report_now", "done");
    await eventually(async () => {
      const [shown] = (await ofDevice()).recent;
      return shown?.outcome === "done" && shown.by === null && shown.id === "theirs";
    });
  });

  test.each([
    ["no name", { name: "no name" }, "name"],
    ["a reserved name", { name: "constructor" }, "name"],
    ["too little time", { name: "report_now", timeoutMs: 1 }, "timeoutMs"],
    ["a long payload", { name: "report_now", payload: "x".repeat(65_450) }, "payload"],
    ["another key", { name: "report_now", retain: true }, "retain"],
  ])("with %s is refused, and nothing is sent", async (_what, command, field) => {
    const response = await post(command);
    expect(response.statusCode).toBe(400);
    expect(response.json().problems).toEqual([expect.objectContaining({ field })]);
    await send({ name: "sentinel" });
    await eventually(() => received().length > 0);
    expect(received().map(({ name }) => name)).toEqual(["sentinel"]);
  });

  test("to a device that is addressed in another way is refused", async () => {
    home.count({ topic: "zigbee2mqtt/Pantry", payload: { temperature: 14.7 } });
    const response = await home.api.inject({
      method: "POST",
      url: `/api/v1/devices/${encodeURIComponent("home:zigbee2mqtt/Pantry")}/commands`,
      payload: { name: "report_now" },
    });
    expect(response.statusCode).toBe(409);
  });

  test("that is not there is a problem", async () => {
    const response = await home.api.inject(`/api/v1${COMMANDS}/nothing`);
    expect(response.statusCode).toBe(404);
    expect(response.json().problems[0]).toMatchObject({ field: "command", value: "nothing" });
  });
});

describe("what a device can do", () => {
  const commands = [
    { name: "report_now", summary: "Reports.", payload: { type: "null" } },
    { name: "plain", summary: "Takes nothing.", payload: null },
    "names_only",
    { summary: "it has no name" },
  ];

  test("is asked when its page opens, and not again", async () => {
    const opened = ofDevice();
    const [asked] = await eventually(() => received().length > 0 && received());
    expect(asked).toMatchObject({ name: "describe" });
    await answer(asked?.id ?? "", "describe", "done", { result: { id: "kitchen", commands } });
    const described = await opened;
    expect(described.describedMs).not.toBeNull();
    expect(described.commands).toEqual([
      { name: "report_now", summary: "Reports.", payload: { type: "null" } },
      { name: "plain", summary: "Takes nothing.", payload: null },
      { name: "names_only", summary: "", payload: {} },
    ]);
    expect(described.recent).toEqual([]);
    expect(await ofDevice()).toEqual(described);
    await send({ name: "sentinel" });
    await eventually(() => received().some(({ name }) => name === "sentinel"));
    expect(received()).toHaveLength(2);
  });

  test("is known from the store, without asking", async () => {
    const at = Date.now();
    home.store(
      { topic: COMMAND, payload: { id: "c1", name: "report_now" }, agoMs: 9_000 },
      { topic: ACK, payload: { id: "c1", name: "report_now", status: "done", at }, agoMs: 8_900 },
      { topic: COMMAND, payload: { id: "c2", name: "report_now" }, agoMs: 100_000 },
      {
        topic: ACK,
        payload: { id: "d", name: "describe", status: "done", at, result: { commands } },
        agoMs: 8_000,
      },
    );
    const known = await ofDevice();
    expect(known.commands).toHaveLength(3);
    expect(known.recent).toMatchObject([
      { id: "c1", outcome: "done", by: null },
      { id: "c2", outcome: "no answer" },
    ]);
    await send({ name: "sentinel" });
    await eventually(() => received().length > 0);
    expect(received().map(({ name }) => name)).toEqual(["sentinel"]);
  });

  test("is not asked of one that says that it is offline", async () => {
    const topic = "devices/kitchen/availability";
    await device.publish(topic, "offline", { qos: 1, retain: true });
    await eventually(() => {
      const { book } = home.devices;
      return book.describe(book.find(KITCHEN)).state === "offline";
    });
    expect(await ofDevice()).toEqual({ describedMs: null, commands: [], recent: [] });
    await send({ name: "sentinel" });
    await eventually(() => received().length > 0);
    expect(received().map(({ name }) => name)).toEqual(["sentinel"]);
  });
});

test("while the broker is away nothing is sent, and the answer says so", async () => {
  const broker = await startBroker();
  await using away = await startTestDevices({ port: broker.port });
  away.count({ topic: "devices/kitchen/state", payload: { data: { walk: 1 } } });
  await broker[Symbol.asyncDispose]();
  const response = await eventually(async () => {
    const answered = await away.api.inject({
      method: "POST",
      url: `/api/v1${COMMANDS}`,
      payload: { name: "report_now" },
    });
    return /away/.test(answered.body) && answered;
  });
  expect(response.statusCode).toBe(503);
  expect(response.json().problems).toEqual([
    expect.objectContaining({
      field: "broker",
      problem: expect.stringMatching(/^the broker is away.*: nothing was sent$/),
    }),
  ]);
  expect((await away.get(COMMANDS, deviceCommands)).recent).toEqual([]);
});
