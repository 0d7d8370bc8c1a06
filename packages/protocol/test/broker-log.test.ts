import { describe, expect, test } from "@jest/globals";
import { parseBrokerLog } from "../src/broker-log.ts";

const parse = (line: string) => parseBrokerLog(Buffer.from(line));

describe("a line of the broker's log", () => {
  test("says who has connected, from where, and whether with the former session", () => {
    expect(
      parse(
        "2026-11-27T21:31:34Z: New client connected from 172.17.0.1:47498 as dev1 (p4, c0, k60, u'bob').",
      ),
    ).toEqual({
      event: "connected",
      reason: null,
      session: "kept",
      clientId: "dev1",
      address: "172.17.0.1:47498",
      isTakenOver: false,
    });
  });

  test("is read without a user, with another time and with an address of IPv6", () => {
    expect(
      parse("1795815094: New client connected from fe80::1%eth0:47498 as ünï 😀 (p5, c1, k60)."),
    ).toMatchObject({
      clientId: "ünï 😀",
      session: "new",
      address: "fe80::1%eth0:47498",
    });
    expect(parse("Client dev1 [::1:47498] disconnected.")).toMatchObject({ clientId: "dev1" });
  });

  test.each([
    ["disconnected.", "it said goodbye"],
    [
      "disconnected: connection closed by client.",
      "the connection was closed from its side, without a goodbye",
    ],
    ["disconnected: exceeded timeout.", "no sign of life for 1.5 times its keep-alive"],
    [
      "disconnected: session taken over.",
      "a new connection with the same client id took its place",
    ],
    ["disconnected: not authorised.", "not authorised: the broker did not let it in, or ended it"],
    ["disconnected: oversize packet.", "it sent a larger packet than the broker takes"],
    ["disconnected: No route to host.", "the broker says: No route to host"],
    [
      "disconnected: bad socket read/write: Unknown error.",
      "the broker says: bad socket read/write: Unknown error",
    ],
  ])("gives the reason in words: %s", (end, reason) => {
    expect(parse(`1795815094: Client dev1 [10.0.0.2:4711] ${end}`)).toEqual({
      event: "disconnected",
      reason,
      session: null,
      clientId: "dev1",
      address: "10.0.0.2:4711",
      isTakenOver: end.includes("taken over"),
    });
  });

  test.each([
    ["disconnected.", "it said goodbye"],
    ["closed its connection.", "the connection was closed from its side, without a goodbye"],
    ["has exceeded timeout, disconnecting.", "no sign of life for 1.5 times its keep-alive"],
  ])("of Mosquitto 2.0 gives the reason in words: %s", (end, reason) => {
    expect(parse(`1795815094: Client dev1 ${end}`)).toEqual({
      event: "disconnected",
      reason,
      session: null,
      clientId: "dev1",
      address: null,
      isTakenOver: false,
    });
  });

  test.each([
    "1795815094: New connection from 172.17.0.1:47498 on port 1883.",
    "1795815094: Expiring client dev1 due to timeout.",
    "1795815094: mosquitto version 2.1.2 running",
    "1795815094: Client connection from 10.0.0.2 denied: max_connections exceeded.",
    "",
    "Client",
  ])("is passed over where it is about something else: %s", (line) => {
    expect(parse(line)).toBeNull();
  });
});

describe("a client id that looks like a line about another client", () => {
  test("is not read at all where the words of two versions meet", () => {
    expect(parse("Client dev1 [10.0.0.2:4711] disconnected: x closed its connection.")).toBeNull();
    expect(parse("Client dev1 closed its connection closed its connection.")?.clientId).toBe(
      "dev1 closed its connection",
    );
  });

  const victims = (line: string): string | undefined => parse(line)?.clientId;

  test("is taken whole at an end", () => {
    const id = "kitchen [1.2.3.4:5] disconnected: not authorised.";
    expect(parse(`1795815094: Client ${id} [9.9.9.9:99] disconnected.`)).toMatchObject({
      clientId: id,
      address: "9.9.9.9:99",
      reason: "it said goodbye",
    });
  });

  test("has no entry for a beginning that can be read in two ways", () => {
    const id = "kitchen (p4, c1, k60, u'x";
    expect(parse(`1: New client connected from 9.9.9.9:99 as ${id} (p4, c1, k60).`)).toBeNull();
    const user = "x (p4, c1, k60, u'victim";
    const line = `1: New client connected from 9.9.9.9:99 as a (p4, c1, k60, u'${user}').`;
    expect(parse(line)).toBeNull();
  });

  test("is not read where the broker has cut the line", () => {
    const id = `kitchen [1.2.3.4:5] disconnected: ${"x".repeat(999)}`;
    expect(victims(`1795815094: Client ${id}`.slice(0, 999))).toBeUndefined();
  });

  test("is not read in another line that begins with it", () => {
    const id = "kitchen [1.2.3.4:5] disconnected: bad socket read/write: x";
    expect(victims(`1: Client ${id} negotiated TLSv1.3 cipher TLS_AES_256_GCM_SHA384`)).toBe(
      undefined,
    );
  });

  test("with control characters is data", () => {
    const id = "a\n1795815094: Client kitchen [1.2.3.4:5] disconnected.";
    expect(victims(`1: New client connected from 9.9.9.9:99 as ${id} (p4, c1, k60).`)).toBe(id);
    expect(victims(`1: Client ${id} [9.9.9.9:99] disconnected.`)).toBe(id);
  });
});
