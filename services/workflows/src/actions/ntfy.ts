import type { Effect } from "@weir/flows";
import { failed, type Performer } from "./performer.ts";
import type { ReadSecret } from "./secret-files.ts";
import { performOnWeb } from "./web-performer.ts";

/** Performs notifications by ntfy. They are sent as JSON: no text gets into a header. */
export function ntfyPerformer({
  readSecret,
}: {
  readSecret: ReadSecret;
}): Performer<Extract<Effect, { kind: "ntfy" }>> {
  return async ({ server, tokenFile, allowPrivate, kind: _, ...content }, { key, signal }) => {
    const headers: Record<string, string> = {
      "content-type": "application/json",
      "idempotency-key": key,
    };
    if (tokenFile !== null) {
      const token = readSecret(tokenFile);
      if (token.problem !== null) return failed(token.problem);
      headers.authorization = `Bearer ${token.text}`;
    }
    const body = JSON.stringify(content);
    const request = { url: server, method: "POST", headers, body, allowPrivate };
    return await performOnWeb(request, signal, ({ status }) => ({ status }));
  };
}
