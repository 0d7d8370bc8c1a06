import { Readable } from "node:stream";
import type { SmtpConfig } from "./smtp-settings.ts";

/** Limits of one mail. Servers may take minutes after the text [RFC 5321, 4.5.3.2]. */
const TIMEOUTS = {
  dnsTimeout: 10_000,
  connectionTimeout: 15_000,
  greetingTimeout: 30_000,
  socketTimeout: 120_000,
};
/** How long the server may take to close its side. */
const CLOSE_MS = 1_000;
const RESPONSE_BYTES_MAX = 65_536;

export interface Mail {
  to: readonly string[];
  subject: string;
  text: string;
  /** Without its angle brackets. */
  messageId: string;
}

/** What the server has made of a mail. */
export interface Sent {
  accepted: readonly string[];
  /** With what it says of each. */
  rejected: readonly { address: string; reason: string }[];
  response: string;
}

/** Why a mail was not sent. */
export class SmtpProblem extends Error {
  /** `refused`: for good; `later`: for now; `lost`: there was no answer. */
  readonly kind: "refused" | "later" | "lost";

  constructor(message: string, kind: SmtpProblem["kind"], cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
  }
}

/**
 * Sends one mail on a connection of its own.
 *
 * @param onData called when the server has let the text begin, and before its first byte.
 * @throws SmtpProblem; the signal's reason.
 */
export async function sendMail(
  config: SmtpConfig,
  mail: Mail,
  { onData, signal }: { onData: () => void; signal: AbortSignal },
): Promise<Sent> {
  // Most of the time no mail is sent, and then this is not in memory.
  const [{ default: SmtpConnection }, { default: MailComposer }] = await Promise.all([
    import("nodemailer/lib/smtp-connection"),
    import("nodemailer/lib/mail-composer"),
  ]);
  const message = await new MailComposer({
    from: { name: "Weir", address: config.from },
    // Objects: no text becomes an address.
    to: mail.to.map((address) => ({ name: "", address })),
    subject: mail.subject,
    text: mail.text,
    messageId: `<${mail.messageId}>`,
    // Programs that answer mail leave it alone [RFC 3834].
    headers: { "Auto-Submitted": "auto-generated" },
    disableFileAccess: true,
    disableUrlAccess: true,
  })
    .compile()
    .build();
  const { host, port, security, login, ca, from } = config;
  const connection = new SmtpConnection({
    host,
    port,
    secure: security === "tls",
    requireTLS: security === "starttls",
    ignoreTLS: security === "none",
    tls: { minVersion: "TLSv1.2", ...(ca !== null && { ca }) },
    ...TIMEOUTS,
    socketCloseTimeout: CLOSE_MS,
    maxResponseSize: RESPONSE_BYTES_MAX,
  });
  const broken = Promise.withResolvers<never>();
  const abort = (): void => broken.reject(signal.reason);
  connection.once("error", broken.reject);
  signal.addEventListener("abort", abort, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([broken.promise, converse()]);
  } catch (error) {
    signal.throwIfAborted();
    throw problemOf(error, config);
  } finally {
    signal.removeEventListener("abort", abort);
    connection.close();
    // It may say more of its end.
    connection.on("error", () => {});
  }

  async function converse(): Promise<Sent> {
    await called((done) => connection.connect(done));
    if (login !== null) {
      if (!connection.allowsAuth) {
        const words = "it offers no login; remove SMTP_USERNAME and SMTP_PASSWORD_FILE";
        throw new SmtpProblem(`${host}:${port}: ${words}`, "refused");
      }
      await called((done) => connection.login({ ...login, credentials: login }, done));
    }
    const envelope = { from, to: [...mail.to], size: message.length };
    // nodemailer reads the stream when the server has answered DATA, not before.
    const text = new Readable({
      read() {
        try {
          onData();
        } catch (error) {
          this.destroy(error instanceof Error ? error : new Error(String(error)));
          return;
        }
        this.push(message);
        this.push(null);
      },
    });
    const {
      accepted,
      rejectedErrors = [],
      response,
    } = await called<Answer>((done) =>
      connection.send(envelope, text, done as Parameters<typeof connection.send>[2]),
    );
    const rejected = rejectedErrors.map(({ recipient = "", response: reason = "" }) => ({
      address: recipient,
      reason,
    }));
    return { accepted, rejected, response };
  }
}

/** The part of nodemailer's answer that is used. */
interface Answer {
  accepted: string[];
  rejectedErrors?: { recipient?: string; response?: string }[];
  response: string;
}

/** Waits for a callback. */
function called<T = unknown>(
  begin: (done: (error?: Error | null, value?: T) => void) => void,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  // Without an error there is the value that the caller has named.
  begin((error, value) => (error ? reject(error) : resolve(value as T)));
  return promise;
}

function problemOf(error: unknown, { host, port, login }: SmtpConfig): SmtpProblem {
  if (error instanceof SmtpProblem) return error;
  // nodemailer adds them to its errors.
  const {
    message,
    responseCode = null,
    code,
    rejected = [],
  } = error as Error & { responseCode?: number; code?: string; rejected?: string[] };
  const remedy =
    code === "EAUTH" && login !== null ? "; check SMTP_USERNAME and SMTP_PASSWORD_FILE" : "";
  const whom = rejected.length === 0 ? "" : ` (${rejected.join(", ")})`;
  const kind = responseCode === null ? "lost" : responseCode < 500 ? "later" : "refused";
  return new SmtpProblem(`${host}:${port}: ${message}${whom}${remedy}`, kind, error);
}
