const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** The labels of a time axis in a locale and a zone: the clock, and the day below it where a new one begins. */
export function axisTimes(
  locale: readonly string[],
  timeZone: string,
): (marksMs: readonly number[], incrementMs: number) => string[] {
  const labels = (options: Intl.DateTimeFormatOptions) => {
    const format = new Intl.DateTimeFormat([...locale], { timeZone, ...options });
    return (atMs: number) => format.format(atMs);
  };
  const clock = labels({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const seconds = labels({
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
  const day = labels({ day: "numeric", month: "short" });
  const month = labels({ month: "short", year: "numeric" });
  const year = labels({ year: "numeric" });

  return (marksMs, incrementMs) => {
    if (incrementMs >= 365 * DAY) return marksMs.map(year);
    if (incrementMs >= 28 * DAY) return marksMs.map(month);
    if (incrementMs >= DAY) return marksMs.map(day);
    const time = incrementMs < MINUTE ? seconds : clock;
    return marksMs.map((atMs, at) => {
      const before = marksMs[at - 1];
      const isNewDay = before !== undefined && day(before) !== day(atMs);
      return at === 0 || isNewDay ? `${time(atMs)}\n${day(atMs)}` : time(atMs);
    });
  };
}
