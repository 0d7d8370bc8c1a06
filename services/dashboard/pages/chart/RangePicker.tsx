import { now, serverNow } from "../clock.ts";
import { Icon } from "../parts/Icon.tsx";
import { format } from "../preferences.ts";
import { edgesOfRange, PRESETS, presetOf, type Range, shifted, zoomed } from "./range.ts";

interface RangePickerProps {
  range: Range;
  onRange: (range: Range) => void;
}

/** Which span of time a chart shows: presets, and steps to the sides. */
export function RangePicker({ range, onRange }: RangePickerProps) {
  const chosen = presetOf(range);
  return (
    <div class="range">
      <fieldset class="choice">
        <legend class="hidden">Range of time</legend>
        {PRESETS.map(({ name, label, spanMs }) => (
          <label key={name}>
            <input
              type="radio"
              name="range"
              checked={name === chosen}
              onChange={() => onRange({ spanMs, toMs: null })}
            />
            {label}
          </label>
        ))}
      </fieldset>
      <div class="range-steps">
        <StepButton
          label="Earlier"
          name="earlier"
          onClick={() => onRange(shifted(range, -1, serverNow()))}
        />
        <StepButton
          label="Later"
          name="later"
          isDisabled={range.toMs === null}
          onClick={() => onRange(shifted(range, 1, serverNow()))}
        />
        <StepButton label="Closer" name="closer" onClick={() => onRange(zoomed(range, 0.5))} />
        <StepButton label="Wider" name="wider" onClick={() => onRange(zoomed(range, 2))} />
      </div>
      <Span range={range} />
    </div>
  );
}

const SIGNS = { earlier: "chevron", later: "chevron", closer: "plus", wider: "minus" } as const;

interface StepButtonProps {
  label: string;
  name: keyof typeof SIGNS;
  isDisabled?: boolean;
  onClick: () => void;
}

function StepButton({ label, name, isDisabled = false, onClick }: StepButtonProps) {
  return (
    <button
      type="button"
      class={`icon-button ${name}`}
      aria-label={label}
      title={label}
      disabled={isDisabled}
      onClick={onClick}
    >
      <Icon name={SIGNS[name]} />
    </button>
  );
}

function Span({ range }: { range: Range }) {
  const { fromMs, toMs } = edgesOfRange(range, now.value);
  const { when, duration, zone } = format.value;
  const isPreset = presetOf(range) !== null;
  const words =
    range.toMs === null && !isPreset
      ? `the last ${duration(range.spanMs)}`
      : `${when(fromMs, now.value)} – ${range.toMs === null ? "now" : when(toMs, now.value)}`;
  return (
    <span class="range-span" title={`Times of ${zone}`}>
      {words}
    </span>
  );
}
