import { describe, expect, test } from "@jest/globals";
import type { CommandAck, CommandStatus } from "@weir/protocol";
import { Following } from "../../src/command.ts";

function ack(status: CommandStatus, result?: unknown): CommandAck {
  return { id: "a", name: "act", status, at: 1, result };
}

describe("following a command", () => {
  test("goes on until the command ends", () => {
    const following = new Following();
    following.sent();
    expect(following.take(ack("received"))).toBeNull();
    expect(following.take(ack("running"))).toBeNull();
    expect(following.take(ack("done", 5))).toBe("done");
  });

  test("ends with duplicate when another sender used the id before", () => {
    const following = new Following();
    following.sent();
    expect(following.take(ack("duplicate", { first: "done" }))).toBe("duplicate");
  });

  test("goes on when the broker has delivered the command twice", () => {
    const following = new Following();
    following.sent();
    following.take(ack("received"));
    expect(following.take(ack("duplicate", { first: "received" }))).toBeNull();
    expect(following.last?.status).toBe("received");
    expect(following.take(ack("done"))).toBe("done");
  });

  test("takes the outcome of the first copy from the duplicate when it was sent twice", () => {
    const following = new Following();
    following.sent();
    following.sent();
    expect(following.take(ack("duplicate", { first: "running" }))).toBeNull();
    expect(following.take(ack("duplicate", { first: "failed" }))).toBe("failed");
  });

  test("goes on when a duplicate does not say what became of the first", () => {
    const following = new Following();
    following.sent();
    following.sent();
    expect(following.take(ack("duplicate", "odd"))).toBeNull();
  });
});
