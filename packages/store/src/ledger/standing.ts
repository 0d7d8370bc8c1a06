/** What the ledger knows of a publisher, or of one of its accounts. Times in microseconds since the epoch. */
export interface Member {
  /** Messages that were new. */
  received: number;
  firstReceivedUs: number;
  lastReceivedUs: number;
}

const HOUR_US = 3_600_000_000;
/** A member that has been silent for so long has no claim to its place. */
const IDLE_US = 24 * HOUR_US;
const ESTABLISHED_US = HOUR_US;
const ESTABLISHED_MESSAGES = 1_000;
/** Of the places, what is always open to newcomers. */
const OPEN_SHARE = 1 / 10;
// Choosing takes a look at all of them: a few go each time.
const SHARE_DISPLACED = 1 / 64;

/** Whether a member has been there for an hour, or has sent a thousand messages. */
export function isEstablished({ received, firstReceivedUs, lastReceivedUs }: Member): boolean {
  return received >= ESTABLISHED_MESSAGES || lastReceivedUs - firstReceivedUs >= ESTABLISHED_US;
}

/** Whether a member has been silent for a day. */
export function isIdle({ lastReceivedUs }: Pick<Member, "lastReceivedUs">, nowUs: number): boolean {
  return nowUs - lastReceivedUs >= IDLE_US;
}

/**
 * Who makes room where all places are taken: those that have been silent the longest, but no
 * established one that was heard within a day. So whoever invents names, or epochs of somebody else's
 * name, displaces newcomers only; and a newcomer always finds a place. Where more are established than
 * nine tenths of the places, those known for longest stay.
 */
export function displaced<M extends Member>(
  members: readonly M[],
  { placesMax, nowUs }: { placesMax: number; nowUs: number },
): M[] {
  const stayMax = placesMax - Math.ceil(placesMax * OPEN_SHARE);
  let staying = members.filter((member) => isEstablished(member) && !isIdle(member, nowUs));
  if (staying.length > stayMax) {
    staying = staying.toSorted((a, b) => a.firstReceivedUs - b.firstReceivedUs).slice(0, stayMax);
  }
  const stays = new Set(staying);
  const others = members.filter((member) => !stays.has(member));
  const count = Math.max(1, Math.floor(others.length * SHARE_DISPLACED));
  return others.toSorted((a, b) => a.lastReceivedUs - b.lastReceivedUs).slice(0, count);
}
