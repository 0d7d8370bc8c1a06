import { writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { temporaryFolder } from "@weir/testkit";
import { ntfyPerformer } from "../../src/actions/ntfy.ts";
import { secretsIn } from "../../src/actions/secret-files.ts";
import { Receiver } from "./receiver.ts";

const NOTE = {
  kind: "ntfy",
  topic: "alarms",
  title: "Tür\r\nX-Header: no",
  message: "offen",
  priority: 5,
  tags: ["door"],
  tokenFile: "ntfy",
  allowPrivate: true,
} as const;
const { signal } = new AbortController();
const ATTEMPT = { key: "7f-1", attempt: 1, signal, handOver: () => {} };

test("a notification arrives with its token, and all text in its body", async () => {
  using folder = temporaryFolder();
  writeFileSync(folder.file("ntfy"), "tk_123\n");
  await using receiver = await Receiver.start();
  const perform = ntfyPerformer({ readSecret: secretsIn(folder.path) });
  const outcome = await perform({ ...NOTE, server: receiver.url }, ATTEMPT);
  expect(outcome).toEqual({ isDone: true, result: { status: 200 } });
  const [received] = receiver.received;
  expect(received).toMatchObject({
    method: "POST",
    path: "/",
    headers: { authorization: "Bearer tk_123", "idempotency-key": "7f-1" },
  });
  expect(JSON.parse(received?.body ?? "")).toEqual({
    topic: "alarms",
    title: "Tür\r\nX-Header: no",
    message: "offen",
    priority: 5,
    tags: ["door"],
  });
});

test("a notification does not go to this machine, unless that is allowed", async () => {
  await using receiver = await Receiver.start();
  const perform = ntfyPerformer({ readSecret: secretsIn("/nowhere") });
  const note = { ...NOTE, server: receiver.url, tokenFile: null, allowPrivate: false };
  expect(await perform(note, ATTEMPT)).toMatchObject({ isDone: false });
  expect(receiver.received).toEqual([]);
});
