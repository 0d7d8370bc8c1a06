import { X509Certificate } from "node:crypto";
import type { Clock } from "@weir/runtime";
import type { Broker } from "./connection/connection.ts";
import type { Outage } from "./outage.ts";
import { NO_HANDSHAKE } from "./packets/errors.ts";
import type { ClientLogger } from "./reconnecting-client.ts";

/** The broker's certificate, which any server may have written, is part of the message. */
const WORDS_MAX = 200;

/**
 * The outage, if TLS is its reason.
 *
 * @param message the one of OpenSSL or Node.js.
 */
export function tlsFailure(code: unknown, message: string): Outage | null {
  return certificateFailure(code, message) ?? alertFailure(message) ?? plainFailure(code, message);
}

const UNTRUSTED: ReadonlySet<unknown> = new Set([
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "INVALID_CA",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);
const DATES: ReadonlyMap<unknown, string> = new Map([
  ["CERT_HAS_EXPIRED", "has expired"],
  ["CERT_NOT_YET_VALID", "is not valid yet"],
]);

/** Why this side does not accept the broker's certificate. */
function certificateFailure(code: unknown, message: string): Outage | null {
  if (UNTRUSTED.has(code)) {
    // Behind the semicolon is advice for developers.
    const [words] = message.split(";");
    return {
      reason: `no trusted authority has signed the broker's certificate (${words})`,
      remedy: "Put the certificate of the authority that signed it into BROKER_CA_FILE.",
    };
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    const words = message
      .replace(/^.*?altnames: /s, "")
      .trim()
      .slice(0, WORDS_MAX);
    return {
      reason: `the broker's certificate is for another host (${words})`,
      remedy:
        "Connect by a host name that the certificate has, or give the broker one with this name.",
    };
  }
  const words = DATES.get(code);
  if (words === undefined) return null;
  return {
    reason: `the broker's certificate ${words}`,
    remedy: "Renew it at the broker; if it is valid, set this machine's clock.",
  };
}

// Alerts of RFC 8446, 6.2, and RFC 5246, 7.2.2.
const HANDSHAKE_FAILURE = 40;
const PROTOCOL_VERSION = 70;
const CERTIFICATE_REQUIRED = 116;
const CERTIFICATE_REFUSED: ReadonlyMap<number, string> = new Map([
  [42, "it is not valid"],
  [43, "its kind is not supported"],
  [44, "it was revoked"],
  [45, "it has expired"],
  [46, "without a reason"],
  [48, "the authority that signed it is unknown"],
  [49, "it has no access"],
  [51, "its key does not belong to it"],
]);

/** The alert that the broker sent before it closed the connection. */
function alertFailure(message: string): Outage | null {
  const alert = Number(/SSL alert number (\d{1,3})/.exec(message)?.[1]);
  const words = CERTIFICATE_REFUSED.get(alert);
  if (words !== undefined) {
    return {
      reason: `the broker does not accept this client's certificate: ${words}`,
      remedy: "Check BROKER_CERTIFICATE_FILE, and which authority the broker trusts for clients.",
    };
  }
  const giveOne = "Give it one, with BROKER_CERTIFICATE_FILE and BROKER_KEY_FILE.";
  switch (alert) {
    case CERTIFICATE_REQUIRED:
      return { reason: "the broker requires a client certificate", remedy: giveOne };
    case HANDSHAKE_FAILURE:
      return {
        reason: "the broker ended the TLS handshake; it may require a client certificate",
        remedy: giveOne,
      };
    case PROTOCOL_VERSION:
      return {
        reason: "the broker supports only other versions of TLS",
        remedy: "Enable TLS 1.2 or 1.3 in the broker.",
      };
    default:
      return null;
  }
}

/** A port without TLS. */
function plainFailure(code: unknown, message: string): Outage | null {
  const isPlain = /before secure TLS|wrong version number/i.test(message);
  if (!isPlain && code !== NO_HANDSHAKE) return null;
  return {
    reason: "there was no TLS handshake with the broker; its port may be one without TLS",
    remedy:
      "Is it running, and is this its port for TLS, usually 8883? For a port without TLS, write mqtt:// in place of mqtts://, or ws:// in place of wss://. Some brokers also close the connection of a client without a certificate.",
  };
}

const DAY_MS = 86_400_000;
/** The log first reports whether there is a connection at all. */
const FIRST_AFTER_MS = 60_000;
/** Time enough to renew a certificate. */
const WARNED_DAYS = 30;
const PEM = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs;

/** Warns after a minute and then every day while a certificate of a connection is about to expire, or has expired. */
export function watchCertificates(
  { tls }: Pick<Broker, "tls">,
  { clock, logger }: { clock: Clock; logger: ClientLogger },
): Disposable {
  const own = expiriesOf(tls?.certificate).slice(0, 1);
  // With several authorities it is unknown which one has signed the broker's: the last to expire counts.
  const authority = expiriesOf(tls?.ca)
    .toSorted((a, b) => b - a)
    .slice(0, 1);
  const watched = [
    ...own.map((endMs) => ({ what: "the certificate of this client", endMs })),
    ...authority.map((endMs) => ({ what: "the certificate of the broker's authority", endMs })),
  ];

  function warn(): void {
    for (const { what, endMs } of watched) {
      const daysLeft = Math.floor((endMs - clock.now()) / DAY_MS);
      if (daysLeft >= WARNED_DAYS) continue;
      const endsAt = new Date(endMs).toISOString();
      const expires = daysLeft < 0 ? "has expired" : `expires in ${daysLeft} days`;
      logger.warn(
        { endsAt, daysLeft },
        `${what} ${expires}; then there is no connection to the broker. Renew it, and restart`,
      );
    }
  }

  if (watched.length === 0) return { [Symbol.dispose]: () => {} };
  using watching = new DisposableStack();
  watching.use(clock.schedule(FIRST_AFTER_MS, warn));
  watching.use(clock.repeat(DAY_MS, warn));
  return watching.move();
}

/** When the certificates expire, in milliseconds since the epoch. The PEM was checked before. */
function expiriesOf(pem: string | null | undefined): number[] {
  return (pem?.match(PEM) ?? []).map((one) => new X509Certificate(one).validToDate.getTime());
}
