import { X509Certificate } from "node:crypto";
import type { Clock } from "@weir/clock";
import type { Broker } from "./connection.ts";
import type { LinkLogger } from "./link.ts";

const DAY_MS = 86_400_000;
/** First the log says whether there is a connection at all. */
const FIRST_AFTER_MS = 60_000;
/** Time enough to renew a certificate. */
const WARNED_DAYS = 30;
const PEM = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs;

/** Warns after a minute and then every day while a certificate of a connection is about to end, or has ended. */
export function watchCertificates(
  { tls }: Pick<Broker, "tls">,
  { clock, logger }: { clock: Clock; logger: LinkLogger },
): Disposable {
  const own = endsOf(tls?.certificate).slice(0, 1);
  // With several authorities nobody knows which one vouches for the broker: the last to end counts.
  const authority = endsOf(tls?.ca)
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
      const ends = daysLeft < 0 ? "has ended" : `ends in ${daysLeft} days`;
      logger.warn(
        { endsAt, daysLeft },
        `${what} ${ends}, and then there is no connection to the broker any more; renew it, and start again`,
      );
    }
  }

  if (watched.length === 0) return { [Symbol.dispose]: () => {} };
  using watching = new DisposableStack();
  watching.use(clock.schedule(FIRST_AFTER_MS, warn));
  watching.use(clock.repeat(DAY_MS, warn));
  return watching.move();
}

/** In milliseconds since the epoch. The PEM was read before, so each certificate can be. */
function endsOf(pem: string | null | undefined): number[] {
  return (pem?.match(PEM) ?? []).map((one) => new X509Certificate(one).validToDate.getTime());
}
