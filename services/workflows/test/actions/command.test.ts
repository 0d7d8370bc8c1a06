import { describe, expect, test } from "@jest/globals";
import { createFakeClock, type FakeClock } from "@weir/testkit";
import { Commands } from "../../src/actions/command.ts";

const COMMAND = {
  kind: "command",
  device: "kitchen",
  name: "report_now",
  payload: { now: true },
  timeoutMs: 30_000,
} as const;
const { signal } = new AbortController();
const ATTEMPT = { key: "7f-1", attempt: 1, signal, handOver: () => {} };
const ACK = "devices/kitchen/command/ack";

/** Commands of a test, and what they publish. */
class Sender {
  readonly clock: FakeClock = createFakeClock();
  readonly published: { topic: string; payload: string }[] = [];
  readonly commands = new Commands({
    publish: async (topic, payload) => {
      this.published.push({ topic, payload });
    },
    prefixes: ["devices", "losant", "site/+"],
    clock: this.clock,
  });

  send(changed: object = {}, attempt: object = {}) {
    return this.commands.perform({ ...COMMAND, ...changed }, { ...ATTEMPT, ...attempt });
  }

  ack(status: string, more: object = {}, topic = ACK): void {
    const ack = { id: "7f-1", name: "report_now", status, at: 1, ...more };
    this.commands.take(topic, Buffer.from(JSON.stringify(ack)));
  }
}

describe("command", () => {
  test("ends with what the device returns", async () => {
    const sender = new Sender();
    const sent = sender.send();
    sender.ack("received");
    sender.ack("done", { result: { sent: 3 } });
    expect(await sent).toEqual({ isDone: true, result: { id: "7f-1", result: { sent: 3 } } });
    const [message] = sender.published;
    expect(message?.topic).toBe("devices/kitchen/command");
    const nowMs = sender.clock.now();
    expect(JSON.parse(message?.payload ?? "")).toMatchObject({
      ...{ id: "7f-1", name: "report_now", payload: { now: true } },
      ...{ issuedAt: nowMs, expiresAt: nowMs + 30_000 },
    });
  });

  test("leaves out a result that is nested too deeply", async () => {
    const sender = new Sender();
    const sent = sender.send();
    const deep = `{"id":"7f-1","name":"report_now","status":"done","at":1,"result":${"[".repeat(30_000)}${"]".repeat(30_000)}}`;
    sender.commands.take(ACK, Buffer.from(deep));
    expect(await sent).toEqual({ isDone: true, result: { id: "7f-1", result: null } });
  });

  test.each([
    ["failed", false],
    ["rejected", false],
    ["expired", false],
    ["unknown", true],
  ])("says that the device has answered %s", async (status, isUncertain) => {
    const sender = new Sender();
    const sent = sender.send();
    sender.ack(status, { error: "the door is stuck" });
    const problem = `the device says ${status}: the door is stuck`;
    expect(await sent).toEqual({ isDone: false, problem, isUncertain });
  });

  test("says that there was no answer in time", async () => {
    const sender = new Sender();
    const sent = sender.send();
    // The broker's answer comes first.
    await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    sender.clock.advance(30_000);
    expect(await sent).toEqual({
      ...{ isDone: false, isUncertain: true },
      problem: "the device has not answered within 30 s",
    });
  });

  test("does not believe another device, or another topic", async () => {
    const sender = new Sender();
    const sent = sender.send();
    sender.ack("failed", {}, "devices/attic/command/ack");
    sender.ack("failed", {}, "devices/kitchen/other");
    sender.commands.take(ACK, Buffer.from("no ack"));
    sender.ack("done");
    expect(await sent).toMatchObject({ isDone: true });
  });

  test("sent again after a kill, a duplicate of it is its own", async () => {
    const sender = new Sender();
    const sent = sender.send({}, { attempt: 2 });
    sender.ack("duplicate", { result: { first: "done" } });
    expect(await sent).toMatchObject({ isDone: true });
    const first = new Sender();
    const others = first.send();
    first.ack("duplicate", { result: { first: "done" } });
    expect(await others).toMatchObject({ isDone: false });
  });

  test.each([
    ["kitchen", "devices/kitchen/command"],
    ["losant/kitchen", "losant/kitchen/command"],
    ["home:devices/kitchen", "devices/kitchen/command"],
    ["site/north/kitchen", "site/north/kitchen/command"],
  ])("finds the device %s", async (device, topic) => {
    const sender = new Sender();
    const stopping = new AbortController();
    const sent = sender.send({ device }, { signal: stopping.signal });
    expect(sender.published[0]?.topic).toBe(topic);
    stopping.abort(new Error("stop"));
    await expect(sent).rejects.toThrow("stop");
  });

  test.each(["zigbee2mqtt/kitchen", "devices/a/b", "devices/#", "..", "site/+/kitchen", ""])(
    "refuses %j, which takes no commands",
    async (device) => {
      const sender = new Sender();
      expect(await sender.send({ device })).toMatchObject({ isDone: false, isUncertain: false });
      expect(sender.published).toEqual([]);
    },
  );
});
