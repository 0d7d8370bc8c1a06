import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { type CommandAck, parseCommandAck } from "@weir/protocol";
import {
  connectTestClient,
  eventually,
  type TemporaryFolder,
  type TestClient,
  temporaryFolder,
} from "@weir/testkit";
import { startAgentAt } from "../chain.ts";

const COMMAND = "devices/kitchen/command";
const MEGABYTE = 1_000_000;

const HOSTILE: readonly [what: string, payload: string | Buffer, reason: RegExp][] = [
  ["an unknown name", '{"name":"format_disk"}', /no command format_disk/],
  ["a name for a shell", '{"name":"; rm -rf /"}', /is not a name/],
  ["no JSON", "rm -rf /", /JSON object/],
  ["a payload for a shell", '{"name":"add_1gb_file","payload":"; rm -rf /"}', /rm -rf/],
  ["a path", '{"name":"add_1gb_file","payload":"../../etc/passwd"}', /not allowed/],
  ["a size below zero", '{"name":"add_1gb_file","payload":-1}', /not allowed/],
  ["more than the quota", '{"name":"add_1gb_file","payload":"5MB"}', /quota/],
  ["an interval of no time", '{"name":"change_send_interval","payload":"0"}', /not allowed/],
  ["an interval that is code", '{"name":"change_send_interval","payload":"1e3;rm"}', /not allowed/],
  [
    "an object of another kind",
    '{"name":"report_now","payload":{"__proto__":{"a":1}}}',
    /__proto__/,
  ],
  ["an answer that was led here", '{"name":"restart","status":"done","id":"1"}', /answer/],
  ["10 MB", Buffer.alloc(10 * MEGABYTE, "x"), /at most 65536 bytes/],
  ["what expired long ago", '{"name":"restart","id":"old","expiresAt":1}', /expiresAt/],
];

describe("a hostile command", () => {
  const opened = new AsyncDisposableStack();
  let folder: TemporaryFolder;
  let agent: Awaited<ReturnType<typeof startAgentAt>>;
  let sender: TestClient;
  let answers: TestClient;
  const acks = (): CommandAck[] =>
    answers.received.flatMap(({ payload }) => parseCommandAck(payload) ?? []);

  beforeAll(async () => {
    folder = opened.use(temporaryFolder());
    mkdirSync(folder.file("device/sandbox"), { recursive: true });
    writeFileSync(folder.file("victim"), "untouched");
    symlinkSync(folder.file("victim"), join(folder.file("device/sandbox"), "weir-0000.out"));
    const broker = opened.use(await startBroker());
    answers = opened.use(await connectTestClient(broker.port, `${COMMAND}/ack`));
    sender = opened.use(await connectTestClient(broker.port));
    await sender.publish(COMMAND, '{"name":"restart"}', { qos: 1, retain: true });
    const content = { sandbox: { quota: "2MB" }, sources: { walk: { source: "random_walk" } } };
    agent = opened.use(await startAgentAt(broker.port, folder, content));
  });

  afterAll(() => opened.disposeAsync());

  test("that was retained is not executed", async () => {
    const ack = await eventually(() => acks()[0]);
    expect(ack).toMatchObject({ status: "rejected", error: expect.stringMatching(/retained/) });
  });

  test.each(HOSTILE)("with %s is refused with a reason", async (_, payload, reason) => {
    const before = acks().length;
    await sender.publish(COMMAND, payload, { qos: 1 });
    const last = await eventually(() =>
      acks()
        .slice(before)
        .find(({ status }) => status !== "received" && status !== "running"),
    );
    expect(["rejected", "expired"]).toContain(last.status);
    expect(last.error).toMatch(reason);
  });

  test("that is replayed is a duplicate", async () => {
    const command = JSON.stringify({ id: "once", name: "report_now", issuedAt: Date.now() });
    const ofOnce = () => acks().filter(({ id }) => id === "once");
    await sender.publish(COMMAND, command, { qos: 1 });
    await eventually(() => ofOnce().some(({ status }) => status === "done"));
    await sender.publish(COMMAND, command, { qos: 1 });
    await eventually(() => ofOnce().some(({ status }) => status === "duplicate"));
    expect(ofOnce().filter(({ status }) => status === "running")).toHaveLength(1);
  });

  test("leaves the device alive, and what is not its own untouched", async () => {
    await sender.publish(COMMAND, '{"name":"rm_1gb_file","id":"last"}', { qos: 1 });
    const done = await eventually(() =>
      acks().find(({ id, status }) => id === "last" && status === "done"),
    );
    expect(done.result).toMatchObject({ files: 0 });
    expect(readFileSync(folder.file("victim"), "utf8")).toBe("untouched");
    expect(agent.context.faults).toEqual([]);
    expect(agent.context.stops).toEqual([]);
  });
});
