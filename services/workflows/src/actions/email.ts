import type { Effect } from "@weir/flows";
import { failed, type Performer, uncertain } from "./performer.ts";
import { type Sent, SmtpProblem, sendMail } from "./smtp.ts";
import type { SmtpConfig } from "./smtp-settings.ts";

const PROBLEM_LENGTH_MAX = 500;

/**
 * Performs e-mail: once, as far as SMTP allows. When the connection is lost between the text of the mail and the
 * server's answer, nobody can know whether it was sent: that is said, or it is sent again with the same Message-ID.
 *
 * @param config `null` where there is no mail server.
 */
export function emailPerformer(
  config: SmtpConfig | null,
): Performer<Extract<Effect, { kind: "email" }>> {
  return async ({ to, subject, text, whenUncertain }, { key, signal, handOver }) => {
    if (config === null) return failed("there is no mail server; set SMTP_HOST and SMTP_FROM");
    const messageId = `${key}@${config.from.split("@").at(-1)}`;
    let isHandedOver = false;
    const onData = (): void => {
      handOver();
      isHandedOver = true;
    };
    try {
      const sent = await sendMail(config, { to, subject, text, messageId }, { onData, signal });
      if (sent.rejected.length > 0) return failed(partlyWords(sent));
      return { isDone: true, result: { messageId, response: sent.response } };
    } catch (error) {
      if (!(error instanceof SmtpProblem)) throw error;
      const problem = error.message.slice(0, PROBLEM_LENGTH_MAX);
      if (error.kind === "refused") return failed(problem);
      // What the server has answered is certain, and before the text nothing was sent.
      if (error.kind === "later" || !isHandedOver || whenUncertain === "resend") {
        return { problem, retryInMs: null };
      }
      return uncertain(`whether it was sent is not known: ${problem}`);
    }
  };
}

function partlyWords({ accepted, rejected }: Sent): string {
  const refused = rejected.map(({ address, reason }) => `${address} (${reason})`).join(", ");
  return `it was sent to ${accepted.join(", ")}, and refused for ${refused}`.slice(
    0,
    PROBLEM_LENGTH_MAX,
  );
}
