import { format } from "../preferences.ts";
import { zonedMs, zonedText } from "./zoned-time.ts";

/** From when to when: a preset, or what was typed, by the clocks of the chosen zone. */
export interface Span {
  preset: "all" | "hour" | "day" | "week" | "typed";
  from: string;
  to: string;
}

const HOUR_MS = 3_600_000;
const PRESETS = [
  { name: "all", label: "All of it", spanMs: null },
  { name: "hour", label: "Last hour", spanMs: HOUR_MS },
  { name: "day", label: "Last 24 h", spanMs: 24 * HOUR_MS },
  { name: "week", label: "Last 7 d", spanMs: 168 * HOUR_MS },
  { name: "typed", label: "From … to", spanMs: null },
] as const;

/** The times of a span in epoch milliseconds; `null` where what was typed is no span. */
export function spanOf({ preset, from, to }: Span, nowMs: number, timeZone: string) {
  if (preset === "typed") {
    const fromMs = zonedMs(from, timeZone);
    const toMs = zonedMs(to, timeZone);
    return fromMs === null || toMs === null || toMs <= fromMs ? null : { fromMs, toMs };
  }
  const spanMs = PRESETS.find(({ name }) => name === preset)?.spanMs ?? null;
  return { fromMs: spanMs === null ? 0 : nowMs - spanMs, toMs: nowMs };
}

interface SpanChoiceProps {
  span: Span;
  onSpan: (span: Span) => void;
  nowMs: number;
}

export function SpanChoice({ span, onSpan, nowMs }: SpanChoiceProps) {
  const { zone } = format.value;
  const choose = (preset: Span["preset"]): void => {
    const typed =
      preset === "typed" && span.from === ""
        ? { from: zonedText(nowMs - 24 * HOUR_MS, zone), to: zonedText(nowMs, zone) }
        : {};
    onSpan({ ...span, ...typed, preset });
  };
  return (
    <fieldset class="span-choice">
      <legend>When it arrived</legend>
      <div class="choice">
        {PRESETS.map(({ name, label }) => (
          <label key={name}>
            <input
              type="radio"
              name="when"
              checked={span.preset === name}
              onChange={() => choose(name)}
            />
            {label}
          </label>
        ))}
      </div>
      {span.preset === "typed" ? (
        <div class="span-times">
          <label class="field">
            From
            <input
              type="datetime-local"
              value={span.from}
              onInput={({ currentTarget }) => onSpan({ ...span, from: currentTarget.value })}
            />
          </label>
          <label class="field">
            To
            <input
              type="datetime-local"
              value={span.to}
              onInput={({ currentTarget }) => onSpan({ ...span, to: currentTarget.value })}
            />
          </label>
          <p class="quiet">Times of {zone}.</p>
        </div>
      ) : null}
    </fieldset>
  );
}
