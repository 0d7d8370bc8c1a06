const US_PER_SECOND = 1_000_000;

/** Makes microseconds since the epoch ISO 8601 in UTC. Times of one second in a row share their beginning. */
export function createIsoTime(): (us: number) => string {
  let second = Number.NaN;
  let beginning = "";
  return (us) => {
    const micros = us % US_PER_SECOND;
    if (us - micros !== second) {
      second = us - micros;
      beginning = new Date(second / 1_000).toISOString().slice(0, -4);
    }
    return `${beginning}${String(micros).padStart(6, "0")}Z`;
  };
}
