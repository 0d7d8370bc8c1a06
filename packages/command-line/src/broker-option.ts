import type { BrokerConfig } from "@weir/config";
import { optionFault } from "./option-fault.ts";

const PROTOCOLS: ReadonlySet<string> = new Set(["mqtt:", "mqtts:", "ws:", "wss:"]);

/**
 * The broker that `--broker` names, with the user that its URL names.
 *
 * @throws Fault that does not tell the password.
 */
export function parseBrokerOption(text: string): BrokerConfig {
  const url = URL.parse(text);
  const username = decoded(url?.username);
  const password = decoded(url?.password);
  const isSound = url !== null && PROTOCOLS.has(url.protocol) && url.hostname !== "";
  if (!isSound || username === null || password === null) {
    const shown = text.replace(/^.*@/s, "…@");
    throw optionFault("broker", shown, "a URL that begins with mqtt://, mqtts://, ws:// or wss://");
  }
  url.username = "";
  url.password = "";
  return { url: url.href, username: username || null, password: password || null };
}

/** `null` for what is not sound percent-encoding. */
function decoded(part = ""): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}
