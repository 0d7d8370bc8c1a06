import { describe, expect, test } from "@jest/globals";
import { Fault } from "@weir/runtime";
import { readSendRequest, type SendRequest } from "../../src/command.ts";

function read(argv: readonly string[], environment = {}): SendRequest {
  const request = readSendRequest(argv, environment);
  if (request === "help") throw new Error("it asks for help");
  return request;
}

function fault(argv: readonly string[], environment = {}): string {
  try {
    readSendRequest(argv, environment);
  } catch (error) {
    if (error instanceof Fault) return `${error.exitCode}: ${error.message} ${error.remedy}`;
    throw error;
  }
  throw new Error("it did not throw");
}

describe("npm run command", () => {
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
  ])("sends %s as JSON where it is JSON, else as text", (argument, payload) => {
    expect(read(["kitchen", "act", argument]).payload).toEqual(payload);
  });

  test("gives each command an id of its own, and the time-out as its end", () => {
    const [one, other] = [read(["kitchen", "act"]), read(["kitchen", "act"])];
    expect(one.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(one.id).not.toBe(other.id);
    expect(one).toMatchObject({ timeoutMs: 60_000, expiresMs: 60_000, lists: false });
    expect(read(["kitchen", "act", "--timeout", "5s"])).toMatchObject({
      timeoutMs: 5_000,
      expiresMs: 5_000,
    });
    expect(
      read(["kitchen", "act", "--expires=2m", "--id", "mine", "--prefix", "losant"]),
    ).toMatchObject({
      expiresMs: 120_000,
      id: "mine",
      address: { prefix: "losant", id: "kitchen" },
    });
  });

  test("asks what there is when it names no command", () => {
    for (const argv of [["kitchen"], ["kitchen", "--list"], ["kitchen", "act", "1", "--list"]]) {
      expect(read(argv)).toMatchObject({ name: "describe", lists: true });
      expect(read(argv).payload).toBeUndefined();
    }
  });

  test("takes broker, user and password from the environment, and another broker from --broker", () => {
    const environment = { BROKER: "here", BROKER_USERNAME: "me", BROKER_PASSWORD: "secret" };
    expect(read(["kitchen"], environment).broker).toEqual({
      url: "mqtt://here",
      username: "me",
      password: "secret",
    });
    expect(read(["kitchen", "--broker", "mqtts://you@there:8883"], environment).broker).toEqual({
      url: "mqtts://there:8883",
      username: "you",
      password: "secret",
    });
    expect(read(["kitchen", "--broker", "there:1884"], {}).broker.url).toBe("mqtt://there:1884");
  });

  test("refuses a password on the command line, without repeating it", () => {
    const said = fault(["kitchen", "--broker", "mqtt://me:sesame@there"]);
    expect(said).toMatch(/^78: .*password.*BROKER_PASSWORD/);
    expect(said).not.toContain("sesame");
    expect(fault(["kitchen", "--broker", "me:sesame@there"])).not.toContain("sesame");
    expect(fault(["kitchen", "--broker", "nttp://me:sesame@there"])).not.toContain("sesame");
  });

  test.each([
    [[], "the device is missing"],
    [["kit chen"], "no device"],
    [[".."], '".." is no device'],
    [["kitchen", "constructor"], '"constructor" is no command'],
    [["kitchen", "two words"], "no command"],
    [["kitchen", "act", "1", "2"], "one payload"],
    [["kitchen", "act", "--timeout", "soon"], '--timeout: "soon"'],
    [["kitchen", "act", "--timeout", "0s"], '--timeout: "0s"'],
    [["kitchen", "act", "--expires", "-5s"], '--expires: "-5s"'],
    [["kitchen", "act", "--id", "a b"], '--id: "a b"'],
    [["kitchen", "act", "--prefix", "a/#"], '--prefix: "a/#"'],
    [["kitchen", "--loud"], "--loud"],
  ])("says what is wrong with %j", (argv, words) => {
    expect(fault(argv)).toContain(words);
    expect(fault(argv)).toMatch(/^78: /);
  });
});
