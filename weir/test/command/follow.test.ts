import { describe, expect, test } from "@jest/globals";
import type { CommandAck, CommandStatus } from "@weir/protocol";
import { Following } from "../../src/command.ts";

function ack(status: CommandStatus, result?: unknown): CommandAck {
  return { id: "a", name: "act", status, at: 1, result };
}

describe("who follows a command", () => {
  test("waits until it ends", () => {
    const following = new Following();
    following.sent();
    expect(following.take(ack("received"))).toBeNull();
    expect(following.take(ack("running"))).toBeNull();
    expect(following.take(ack("done", 5))).toBe("done");
  });

  test("learns that somebody else had the id before", () => {
    const following = new Following();
    following.sent();
    expect(following.take(ack("duplicate", { first: "done" }))).toBe("duplicate");
  });

  test("goes on when the broker has brought it twice", () => {
    const following = new Following();
    following.sent();
    following.take(ack("received"));
    expect(following.take(ack("duplicate", { first: "received" }))).toBeNull();
    expect(following.last?.status).toBe("received");
    expect(following.take(ack("done"))).toBe("done");
  });

  test("that has sent it twice learns by the second what became of the first", () => {
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
