import { describe, expect, test } from "@jest/globals";
import {
  type CommandAck,
  CommandLife,
  type CommandStatus,
  commandMessage,
  parseCommand,
} from "@weir/protocol";

const NOW_MS = 1_700_000_000_000;

function ack(status: CommandStatus, result?: unknown): CommandAck {
  return { id: "a", name: "act", status, at: 1, result };
}

describe("following a command", () => {
  test("goes on until the command ends", () => {
    const life = new CommandLife();
    life.sent();
    expect(life.take(ack("received"))).toBeNull();
    expect(life.take(ack("running"))).toBeNull();
    expect(life.take(ack("done", 5))).toBe("done");
  });

  test("ends with duplicate when another sender used the id before", () => {
    const life = new CommandLife();
    life.sent();
    expect(life.take(ack("duplicate", { first: "done" }))).toBe("duplicate");
  });

  test("goes on when the broker has delivered the command twice", () => {
    const life = new CommandLife();
    life.sent();
    life.take(ack("received"));
    expect(life.take(ack("duplicate", { first: "received" }))).toBeNull();
    expect(life.last?.status).toBe("received");
    expect(life.take(ack("done"))).toBe("done");
  });

  test("takes the outcome of the first copy from the duplicate when it was sent twice", () => {
    const life = new CommandLife();
    life.sent();
    life.sent();
    expect(life.take(ack("duplicate", { first: "running" }))).toBeNull();
    expect(life.take(ack("duplicate", { first: "failed" }))).toBe("failed");
  });

  test("goes on when a duplicate does not say what became of the first", () => {
    const life = new CommandLife();
    life.sent();
    life.sent();
    expect(life.take(ack("duplicate", "odd"))).toBeNull();
  });
});

describe("the message of a command", () => {
  const command = { address: { prefix: "devices", id: "kitchen" }, id: "a", name: "act" };

  test("is what a device reads", () => {
    const message = commandMessage({ ...command, payload: [30], expiresMs: 5_000 }, NOW_MS);
    expect(parseCommand(Buffer.from(message))).toMatchObject({
      command: {
        id: "a",
        name: "act",
        payload: [30],
        issuedAtMs: NOW_MS,
        expiresAtMs: NOW_MS + 5_000,
      },
    });
  });

  test("has no payload where there is none, and a time as Losant sends it", () => {
    const address = { prefix: "losant", id: "kitchen" };
    const message = commandMessage({ ...command, address, payload: undefined, expiresMs: 1 }, 0);
    expect(JSON.parse(message)).toEqual({
      id: "a",
      name: "act",
      issuedAt: 0,
      expiresAt: 1,
      time: { $date: "1970-01-01T00:00:00.000Z" },
    });
  });
});
