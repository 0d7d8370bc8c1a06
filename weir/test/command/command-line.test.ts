import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Broker, startBroker } from "@weir/broker";
import { connectTestClient, eventually } from "@weir/testkit";
import { type Given, readBroker } from "../../src/command-line.ts";
import { startHere } from "../fixture.ts";

let broker: Broker;
beforeAll(async () => {
  broker = await startBroker();
});
afterAll(async () => await broker[Symbol.asyncDispose]());

/** The command as a device receives it, which answers that it is done. */
async function sent(argv: readonly string[], prefix = "devices") {
  await using device = await connectTestClient(broker.port, `${prefix}/kitchen/command`);
  const environment = { BROKER: `127.0.0.1:${broker.port}` };
  const { ended } = startHere(["command", "kitchen", ...argv], { environment });
  await eventually(() => device.received.length > 0);
  const command = JSON.parse(String(device.received[0]?.payload));
  const ack = { id: command.id, name: command.name, status: "done", at: 1 };
  await device.publish(`${prefix}/kitchen/command/ack`, JSON.stringify(ack), { qos: 1 });
  expect((await ended).code).toBe(0);
  return command;
}

describe("weir command", () => {
  test.each([
    ["30", 30],
    ["-5", -5],
    ["-5x", "-5x"],
    ["true", true],
    ['{"a":[1]}', { a: [1] }],
    ['"30"', "30"],
    ["hello", "hello"],
    ["", ""],
    ["null", null],
  ])("sends %s as JSON where it is JSON, else as text", async (argument, payload) => {
    expect(await sent(["act", argument])).toMatchObject({ name: "act", payload });
  });

  test("gives each command its own id, and the time-out as its end", async () => {
    const [one, other] = [await sent(["act"]), await sent(["act"])];
    expect(one.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(one.id).not.toBe(other.id);
    expect(one.expiresAt - one.issuedAt).toBe(60_000);
    expect(await sent(["act", "--timeout", "5s"])).toMatchObject({ name: "act" });
    const given = await sent(
      ["act", "--expires=2m", "--id", "mine", "--prefix", "losant"],
      "losant",
    );
    expect(given.id).toBe("mine");
    expect(given.expiresAt - given.issuedAt).toBe(120_000);
  });

  test("asks for the list of commands when it names none", async () => {
    for (const argv of [[], ["--list"], ["act", "1", "--list"]]) {
      const command = await sent(argv);
      expect(command.name).toBe("describe");
      expect(command).not.toHaveProperty("payload");
    }
  });

  test.each([
    [[], "missing required argument 'device'"],
    [["kit chen"], "no device"],
    [[".."], '".." is no device'],
    [["kitchen", "constructor"], '"constructor" is no command'],
    [["kitchen", "two words"], "no command"],
    [["kitchen", "act", "1", "2"], "too many arguments"],
    [["kitchen", "act", "--timeout", "soon"], '--timeout: "soon"'],
    [["kitchen", "act", "--timeout", "0s"], '--timeout: "0s"'],
    [["kitchen", "act", "--expires", "-5s"], '--expires: "-5s"'],
    [["kitchen", "act", "--id", "a b"], '--id: "a b"'],
    [["kitchen", "act", "--prefix", "a/#"], '--prefix: "a/#"'],
    [["kitchen", "--loud"], "--loud"],
  ])("says what is wrong with %j", async (argv, words) => {
    const { code, err } = await startHere(["command", ...argv]).ended;
    expect(code).toBe(78);
    expect(err).toContain(words);
  });
});

describe("the broker of a command", () => {
  const given = (broker?: string): Given => ({
    text: () => broker ?? null,
    texts: () => [],
    has: () => false,
  });

  test("is that of the environment with its user and password, or the one of --broker", () => {
    const environment = { BROKER: "here", BROKER_USERNAME: "me", BROKER_PASSWORD: "secret" };
    expect(readBroker(given(), environment)).toEqual({
      url: "mqtt://here",
      username: "me",
      password: "secret",
    });
    expect(readBroker(given("mqtts://you@there:8883"), environment)).toEqual({
      url: "mqtts://there:8883",
      username: "you",
      password: "secret",
    });
    expect(readBroker(given("there:1884"), {}).url).toBe("mqtt://there:1884");
  });

  test("has no password on the command line, and an error does not repeat one", async () => {
    for (const url of ["mqtt://me:sesame@there", "me:sesame@there", "nttp://me:sesame@there"]) {
      const { code, err } = await startHere(["command", "kitchen", "--broker", url]).ended;
      expect(code).toBe(78);
      expect(err).not.toContain("sesame");
      if (url.startsWith("mqtt:")) expect(err).toMatch(/password.*\n.*BROKER_PASSWORD/);
    }
  });
});
