import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createTestCertificate, type TestCertificate } from "@weir/testkit";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import type { SmtpConfig } from "../../src/actions/smtp-settings.ts";

/** What has arrived. */
export interface Arrived {
  to: string[];
  text: string;
}

/** A real SMTP server on this machine, with a certificate of its own. */
export class MailServer implements AsyncDisposable {
  readonly arrived: Arrived[] = [];
  readonly certificate: TestCertificate;
  readonly #server: SMTPServer;

  private constructor(options: SMTPServerOptions) {
    this.certificate = createTestCertificate({ name: "mail", hosts: ["127.0.0.1"] });
    this.#server = new SMTPServer({
      ...{ cert: this.certificate.certificate, key: this.certificate.key },
      authOptional: true,
      disableReverseLookup: true,
      onData: (stream, session, callback) => {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", () => {
          const to = session.envelope.rcptTo.map(({ address }) => address);
          this.arrived.push({ to, text: Buffer.concat(chunks).toString() });
          callback(null, "taken");
        });
      },
      ...options,
    });
    // A client that breaks off is part of some tests.
    this.#server.on("error", () => {});
  }

  static async start(options: SMTPServerOptions = {}): Promise<MailServer> {
    const server = new MailServer(options);
    const listening = server.#server.listen(0, "127.0.0.1");
    await once(listening, "listening");
    return server;
  }

  get port(): number {
    // It listens by TCP.
    return (this.#server.server.address() as AddressInfo).port;
  }

  /** How a test sends by it. */
  config(changed: Partial<SmtpConfig> = {}): SmtpConfig {
    return {
      host: "127.0.0.1",
      port: this.port,
      security: "starttls",
      login: null,
      from: "weir@example.org",
      ca: this.certificate.certificate,
      ...changed,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(resolve);
    await promise;
  }
}
