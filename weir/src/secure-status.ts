import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { issuedIn, nextUpdateOf } from "./certificates.ts";
import { grouped, inClone } from "./command-line.ts";
import { clientsOf, retainableOf } from "./rights.ts";
import { FILES, type SecretsFolder } from "./secure-init.ts";

const DAY_MS = 86_400_000;
/** Time enough to renew what ends. */
const WARNING_DAYS = 30;

interface Status {
  /** What ends when; the first to end comes first. */
  ends: readonly { what: string; at: Date; daysLeft: number }[];
  /** What the broker may have to keep of each client, in bytes; `null` where there is no bound. */
  retained: readonly { user: string; topics: number; bytesMax: number | null }[];
  /** What has to be done, in sentences. */
  problems: readonly string[];
}

/** @throws Fault when a file is missing. */
export function statusOf(folder: SecretsFolder, now: Date): Status {
  const ends = endsOf(folder).map(({ what, at }) => ({
    what,
    at,
    daysLeft: Math.floor((at.getTime() - now.getTime()) / DAY_MS),
  }));
  const rights = folder.read(FILES.rights);
  const users = new Set(clientsOf(rights).map(({ user }) => user));
  const retainable = retainableOf(rights).filter(({ user }) => users.has(user));
  const bytesMax = packetBytesMax();
  return {
    ends: ends.toSorted((a, b) => a.at.getTime() - b.at.getTime()),
    retained: retainable.map(({ user, topics, unbounded }) => ({
      user,
      topics: topics.length,
      bytesMax: unbounded.length === 0 ? topics.length * bytesMax : null,
    })),
    problems: [
      ...ends
        .filter(({ daysLeft }) => daysLeft < WARNING_DAYS)
        .map(
          ({ what, at, daysLeft }) =>
            `${what} ${daysLeft < 0 ? "ended" : "ends"} on ${dayOf(at)}; renew it, see "to renew" in docs/how-to/secure-the-suite.md`,
        ),
      ...retainable.flatMap(({ user, unbounded }) =>
        unbounded.map(
          (filter) =>
            `${user} may write to ${filter}, a filter, and so have the broker retain as much as it likes; name the topics in ${folder.pathOf(FILES.rights)} (weir secure init replaces what an earlier Weir wrote)`,
        ),
      ),
    ],
  };
}

function endsOf(folder: SecretsFolder): { what: string; at: Date }[] {
  const certificates = [FILES.authority, FILES.server].map((file) => ({
    what: folder.pathOf(file),
    at: new X509Certificate(folder.read(file)).validToDate,
  }));
  const clients = issuedIn(folder.read(FILES.issued))
    .filter(({ isRevoked }) => !isRevoked)
    .map(({ user, expiresAt }) => ({ what: `the certificate of ${user}`, at: expiresAt }));
  // It throws where the file is missing, as the others do.
  folder.read(FILES.revoked);
  const list = folder.pathOf(FILES.revoked);
  return [...certificates, { what: list, at: nextUpdateOf(list) }, ...clients];
}

/** The largest message that the secured broker takes, topic and properties included, in bytes. */
function packetBytesMax(): number {
  return Number(
    /^max_packet_size (\d+)$/m.exec(readFileSync(inClone("mosquitto/secured.conf"), "utf8"))?.[1],
  );
}

export function renderStatus({ ends, retained, problems }: Status): string {
  const sum = retained.reduce((total, { bytesMax }) => total + (bytesMax ?? 0), 0);
  const lines = [
    ...ends.map(({ what, at, daysLeft }) => `${dayOf(at)}  ${what} (${grouped(daysLeft)} days)`),
    "",
    ...retained.map(
      ({ user, topics, bytesMax }) =>
        `${user} may have ${topics} messages retained, ${bytesMax === null ? "and more without a bound" : `${grouped(bytesMax)} bytes at most`}`,
    ),
    `all together ${grouped(sum)} bytes at most`,
    ...(problems.length === 0 ? [] : ["", ...problems]),
  ];
  return `${lines.join("\n")}\n`;
}

function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}
