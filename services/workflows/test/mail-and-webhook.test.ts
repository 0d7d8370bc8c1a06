import { mkdirSync, writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { openSegmentedStore } from "@weir/store";
import {
  createTestContext,
  eventually,
  NOTHING_CONFIGURED,
  rowOf,
  temporaryFolder,
} from "@weir/testkit";
import { readWorkflowsConfig } from "../src/config.ts";
import { WorkflowsLog } from "../src/log/workflows-log.ts";
import { startWorkflows } from "../src/workflows.ts";
import { MailServer } from "./actions/mail-server.ts";
import { Receiver } from "./actions/receiver.ts";

test("a stored message leads to one alert, one mail and one webhook, and its run says so", async () => {
  using folder = temporaryFolder();
  await using broker = await startBroker();
  await using mail = await MailServer.start();
  await using receiver = await Receiver.start();
  writeFileSync(folder.file("ca.pem"), mail.certificate.certificate);
  mkdirSync(folder.file("workflows"));
  writeFileSync(
    folder.file("workflows/door.yaml"),
    `
flows:
  door:
    nodes:
      door: { type: topic, topic: devices/+/state }
      alert: { type: alert, title: "{{deviceName}} is {{payload.door}}" }
      mail: { type: email, to: [you@example.org], subject: "{{alert.title}}" }
      hook: { type: webhook, url: "${receiver.url}", allowPrivate: true, json: { door: "{{payload.door}}" } }
    wires: [door -> alert, alert -> mail, mail -> hook]
`,
  );
  const config = readWorkflowsConfig({
    DB_FILE: folder.file("weir.db"),
    WEIR_FILE: NOTHING_CONFIGURED,
    BROKER: `127.0.0.1:${broker.port}`,
    WORKFLOWS_FOLDER: folder.file("workflows"),
    SMTP_HOST: "127.0.0.1",
    SMTP_PORT: String(mail.port),
    SMTP_FROM: "weir@example.org",
    SMTP_CA_FILE: folder.file("ca.pem"),
  });
  const stream = config.streams.streams.find(({ name }) => name === "devices");
  if (stream?.place.kind !== "folder") throw new Error("the stream devices is no folder");
  const nowUs = Date.now() * 1_000;
  const options = { synchronous: "NORMAL", nowUs, stream: "devices" } as const;
  using store = openSegmentedStore({ ...options, folder: stream.place.folder });
  {
    await using _service = await startWorkflows(config, createTestContext());
    await eventually(() => {
      // What was stored before the first look begins no run.
      const row = rowOf("{}", Date.now() * 1_000);
      const payload = Buffer.from('{"door":"open"}');
      store.append([
        { ...row, topic: "devices/hall/state", payload, value: null, observedUs: null },
      ]);
      return receiver.received.length > 0;
    });
  }
  expect(mail.arrived.map(({ to }) => to)).toEqual([["you@example.org"]]);
  expect(mail.arrived[0]?.text).toMatch(/^Subject: hall is open\r$/m);
  expect(receiver.received.map(({ body }) => body)).toEqual(['{"door":"open"}']);
  using log = new WorkflowsLog(config.file);
  expect(log.alerts.search({ state: "open", limit: 10 }).alerts).toMatchObject([
    { flow: "door", node: "alert", title: "hall is open", state: "new" },
  ]);
  const runs = log.runs.search({ limit: 200 }).map(({ id }) => log.runs.find(id));
  const performed = runs.flatMap((run) => run?.performed ?? []);
  expect(performed.map(({ kind, state, attempts }) => [kind, state, attempts])).toEqual([
    ["email", "done", 1],
    ["webhook", "done", 1],
  ]);
});
