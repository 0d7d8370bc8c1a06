import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { createTestContext, eventually, temporaryFolder } from "@weir/testkit";
import { MailServer } from "./mail-server.ts";
import { Sending } from "./sending.ts";

const SCRIPT = join(import.meta.dirname, "mail-and-die.ts");

test.each([
  ["RCPT", "say", ["done"], 1],
  ["the text", "say", ["uncertain"], 1],
  ["the text", "resend", ["done"], 2],
] as const)(
  "killed while the server takes %s, with %s, a mail ends as %j",
  async (when, whenUncertain, ends, count) => {
    using folder = temporaryFolder();
    const ids: string[] = [];
    const reached = Promise.withResolvers<void>();
    let isHeldUp = true;
    /** Answers, but to the process that will be killed. */
    const answer = (step: string, go: () => void): void => {
      if (isHeldUp && step === when) reached.resolve();
      else go();
    };
    await using server = await MailServer.start({
      onRcptTo: (_address, _session, callback) => answer("RCPT", () => callback()),
      onData: (stream, _session, callback) => {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", () => {
          ids.push(/^Message-ID: (.*)\r$/m.exec(Buffer.concat(chunks).toString())?.[1] ?? "");
          answer("the text", () => callback());
        });
      },
    });
    const file = folder.file("workflows.db");
    const config = server.config();
    const child = spawn(process.execPath, [SCRIPT, file, JSON.stringify(config), whenUncertain], {
      stdio: "inherit",
    });
    await reached.promise;
    child.kill("SIGKILL");
    await once(child, "exit");
    isHeldUp = false;
    await using sending = new Sending(file, config, createTestContext());
    await eventually(() => sending.ends.length === 1);
    expect(sending.ends).toEqual(ends);
    expect(ids).toHaveLength(count);
    expect(new Set(ids).size).toBe(1);
  },
);
