import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";
import { describe, expect, test } from "@jest/globals";
import { createTestCertificate, eventually } from "@weir/testkit";
import { emailPerformer } from "../../src/actions/email.ts";
import type { SmtpConfig } from "../../src/actions/smtp-settings.ts";
import { MailServer } from "./mail-server.ts";

const MAIL = {
  kind: "email",
  to: ["you@example.org"],
  subject: "Tür offen",
  text: "The door is open.",
  whenUncertain: "say",
} as const;
const { signal: notAborted } = new AbortController();

function send(
  config: SmtpConfig | null,
  changed: Partial<Parameters<ReturnType<typeof emailPerformer>>[0]> = {},
  {
    handOver = () => {},
    signal = notAborted,
  }: { handOver?: () => void; signal?: AbortSignal } = {},
) {
  return emailPerformer(config)(
    { ...MAIL, ...changed },
    { key: "7f-1", attempt: 1, signal, handOver },
  );
}

/** An SMTP server that answers as the test says, by the command; a `null` closes the connection. */
async function startScripted(answers: Record<string, string | null>) {
  const sockets = new Set<Socket>();
  const commands: string[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.write("220 here\r\n");
    let isText = false;
    socket.on("data", (chunk) => {
      for (const line of chunk.toString().split("\r\n").slice(0, -1)) {
        if (isText && line !== ".") continue;
        const command = isText ? "." : (line.split(/[ :]/)[0] ?? "").toUpperCase();
        isText = false;
        commands.push(command);
        const answer = command in answers ? answers[command] : "250 fine";
        if (answer === null) socket.destroy();
        else if (answer !== undefined) socket.write(`${answer}\r\n`);
        isText = command === "DATA" && answer?.startsWith("354") === true;
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const config: SmtpConfig = {
    ...{ host: "127.0.0.1", port, security: "none", login: null },
    ...{ from: "weir@example.org", ca: null },
  };
  return {
    config,
    commands,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
const GO_ON = "354 go on";

describe("e-mail", () => {
  test.each([
    ["starttls", false],
    ["tls", true],
  ] as const)(
    "arrives by %s, with a login, and the key in its Message-ID",
    async (security, secure) => {
      const logins: unknown[] = [];
      await using server = await MailServer.start({
        secure,
        authOptional: false,
        onAuth: ({ username, password }, _session, callback) => {
          logins.push([username, password]);
          callback(null, { user: username });
        },
      });
      const login = { user: "weir", pass: "sécret" };
      const outcome = await send(server.config({ security, login }));
      expect(outcome).toMatchObject({ isDone: true, result: { messageId: "7f-1@example.org" } });
      expect(logins).toEqual([["weir", "sécret"]]);
      const [mail] = server.arrived;
      expect(mail?.to).toEqual(["you@example.org"]);
      expect(mail?.text).toMatch(/^Message-ID: <7f-1@example.org>\r$/m);
      expect(mail?.text).toMatch(/^Subject: =\?UTF-8\?Q\?T=C3=BCr_offen\?=\r$/m);
      expect(mail?.text).toMatch(/^Auto-Submitted: auto-generated\r$/m);
      expect(mail?.text).toContain("\r\n\r\nThe door is open.");
    },
  );

  test("does not go to a server whose certificate is not trusted", async () => {
    await using server = await MailServer.start();
    const { certificate: ca } = createTestCertificate({ name: "another" });
    expect(await send(server.config({ ca }))).toMatchObject({ problem: /certificate/ as unknown });
    expect(server.arrived).toEqual([]);
  });

  test("does not go without TLS where that is wanted", async () => {
    await using server = await MailServer.start({ disabledCommands: ["STARTTLS"] });
    const problem = expect.stringMatching(/STARTTLS/);
    expect(await send(server.config())).toMatchObject({ isDone: false, problem });
    expect(server.arrived).toEqual([]);
  });

  test("a wrong password is named, and not tried again", async () => {
    await using server = await MailServer.start({
      onAuth: (_auth, _session, callback) => callback(new Error("no")),
    });
    const outcome = await send(server.config({ login: { user: "weir", pass: "wrong" } }));
    expect(outcome).toMatchObject({ isDone: false, isUncertain: false });
    expect(JSON.stringify(outcome)).toMatch(/SMTP_USERNAME/);
    expect(JSON.stringify(outcome)).not.toMatch(/wrong/);
  });

  test("says whom the server has refused", async () => {
    await using server = await MailServer.start({
      onRcptTo: ({ address }, _session, callback) => {
        callback(address.startsWith("gone") ? new Error("no such mailbox") : null);
      },
    });
    const outcome = await send(server.config(), { to: ["gone@example.org", "you@example.org"] });
    expect(outcome).toMatchObject({ isDone: false, isUncertain: false });
    expect(JSON.stringify(outcome)).toMatch(
      /sent to you@example.org, and refused for gone@example.org \(550 no such mailbox\)/,
    );
    expect(server.arrived.map(({ to }) => to)).toEqual([["you@example.org"]]);
    const none = await send(server.config(), { to: ["gone@example.org"] });
    expect(none).toMatchObject({ isDone: false });
    expect(JSON.stringify(none)).toMatch(/gone@example.org/);
  });

  test("no text becomes a header, or another recipient", async () => {
    await using server = await MailServer.start();
    const hostile =
      "x\r\nBcc: all@example.org\r\n\r\nbody\u0000\n.\r\nMAIL FROM:<me@example.org>\r\n";
    expect(await send(server.config(), { subject: hostile, text: hostile })).toMatchObject({
      isDone: true,
    });
    const [mail] = server.arrived;
    expect(server.arrived).toHaveLength(1);
    expect(mail?.to).toEqual(["you@example.org"]);
    const [headers = ""] = mail?.text.split("\r\n\r\n") ?? [];
    expect(headers).not.toMatch(/^bcc:/im);
  });

  test("ten megabytes of text arrive as they are", async () => {
    await using server = await MailServer.start();
    const text = `${"0123456789".repeat(7)}\n`.repeat(140_000);
    expect(await send(server.config(), { text })).toMatchObject({ isDone: true });
    const [, body = ""] = server.arrived[0]?.text.split("\r\n\r\n") ?? [];
    expect(Buffer.from(body, "base64").equals(Buffer.from(text))).toBe(true);
  });

  test.each([
    ["MAIL", "451 later", { problem: expect.stringMatching(/451 later/) }],
    ["MAIL", "550 never", { isDone: false, isUncertain: false }],
    ["RCPT", "450 greylisted", { problem: expect.stringMatching(/450 greylisted/) }],
    ["RCPT", null, { problem: expect.any(String), retryInMs: null }],
    ["DATA", "554 no", { isDone: false, isUncertain: false }],
    [".", "451 later", { problem: expect.any(String), retryInMs: null }],
    [".", "554 spam", { isDone: false, isUncertain: false }],
    [".", null, { isDone: false, isUncertain: true }],
  ])("when the server answers %s with %j", async (command, answer, expected) => {
    await using server = await startScripted({ DATA: GO_ON, [command]: answer });
    let handedOver = 0;
    const handOver = (): void => {
      handedOver += 1;
    };
    expect(await send(server.config, {}, { handOver })).toMatchObject(expected);
    expect(handedOver).toBe(command === "." ? 1 : 0);
  });

  test("may be sent again where a second one is better than none", async () => {
    await using server = await startScripted({ DATA: GO_ON, ".": null });
    const outcome = await send(server.config, { whenUncertain: "resend" });
    expect(outcome).toMatchObject({ problem: expect.any(String), retryInMs: null });
  });

  test("nothing of it is sent when the log cannot note that it is handed over", async () => {
    await using server = await MailServer.start();
    const handOver = (): never => {
      throw new Error("disk full");
    };
    const outcome = await send(server.config(), {}, { handOver });
    expect(outcome).toMatchObject({ problem: expect.stringMatching(/disk full/) });
    expect(server.arrived).toEqual([]);
  });

  test("a stop ends the wait for a server that does not answer", async () => {
    const stopping = new AbortController();
    const server = await startScripted({ DATA: undefined as unknown as null });
    await using _server = server;
    const sending = send(server.config, {}, { signal: stopping.signal });
    await eventually(() => server.commands.includes("DATA"));
    stopping.abort(new Error("stop"));
    await expect(sending).rejects.toThrow("stop");
  });

  test("says that there is no mail server", async () => {
    expect(JSON.stringify(await send(null))).toMatch(/set SMTP_HOST/);
  });
});
