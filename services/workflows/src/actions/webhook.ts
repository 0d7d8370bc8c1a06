import { createHmac } from "node:crypto";
import { type Effect, isTooDeep } from "@weir/flows";
import type { Clock } from "@weir/runtime";
import { failed, type Performer } from "./performer.ts";
import type { ReadSecret } from "./secret-files.ts";
import { performOnWeb } from "./web-performer.ts";
import type { WebAnswer } from "./web-request.ts";

/** Performs webhooks. */
export function webhookPerformer({
  readSecret,
  clock,
}: {
  readSecret: ReadSecret;
  clock: Clock;
}): Performer<Extract<Effect, { kind: "webhook" }>> {
  return async ({ url, method, headers, body, secretFile, allowPrivate }, { key, signal }) => {
    const own: Record<string, string> = { "idempotency-key": key };
    if (secretFile !== null) {
      const secret = readSecret(secretFile);
      if (secret.problem !== null) return failed(secret.problem);
      const seconds = Math.floor(clock.now() / 1_000);
      own["weir-timestamp"] = String(seconds);
      own["weir-signature"] = signatureOf(secret.text, seconds, body);
    }
    const request = { url, method, headers: { ...headers, ...own }, body, allowPrivate };
    return await performOnWeb(request, signal, resultOf);
  };
}

/** `sha256=` and the HMAC in hex of the time, a dot, and the body. */
function signatureOf(secret: string, seconds: number, body: string): string {
  return `sha256=${createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex")}`;
}

function resultOf({ status, text }: WebAnswer): unknown {
  try {
    const json: unknown = JSON.parse(text);
    return { status, body: isTooDeep(json) ? text : json };
  } catch {
    // An answer need not be JSON.
    return { status, body: text };
  }
}
