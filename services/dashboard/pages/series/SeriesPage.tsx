import type { Series } from "../../src/contract/series.ts";
import { api } from "../api.ts";
import { now } from "../clock.ts";
import { Empty, ErrorNote, Skeleton } from "../parts/Notes.tsx";
import { usePaged } from "../parts/paged.ts";
import { SearchField } from "../parts/SearchField.tsx";
import { isOld, labelOf } from "../parts/series-words.ts";
import { Age, Value } from "../parts/Value.tsx";
import { VirtualList } from "../parts/VirtualList.tsx";
import { format } from "../preferences.ts";
import { goQuery, place } from "../router.ts";
import { Page } from "../shell/Page.tsx";
import { SERIES_SHOWN_MAX, Selected } from "./Selected.tsx";
import { searchQuery } from "./search-query.ts";

const ROW_PX = 60;
const EVERY_MS = 5_000;

/** Every number that is stored: find it, chart it with others, see how it was read, take it along. */
export function SeriesPage() {
  const { query } = place.value;
  const typed = query.get("text") ?? "";
  const selected = query.getAll("series").slice(0, SERIES_SHOWN_MAX);
  const series = usePaged<Series>(
    typed,
    async (offset, limit, signal) => {
      const page = await api.series({ ...searchQuery(typed), offset, limit }, signal);
      return { total: page.total, items: page.series };
    },
    EVERY_MS,
  );
  const toggle = (name: string): void => {
    const next = selected.includes(name)
      ? selected.filter((one) => one !== name)
      : [...selected, name].slice(-SERIES_SHOWN_MAX);
    goQuery({ series: next });
  };
  return (
    <Page title="Series">
      <div class={selected.length === 0 ? "series-page" : "series-page has-selection"}>
        <section class="series-list" aria-label="All series">
          <div class="list-head">
            <SearchField
              label="Search series"
              placeholder="Words, or a topic filter with + and #"
              value={typed}
              onChange={(text) => goQuery({ text: text === "" ? null : text })}
            />
            <p class="quiet" aria-live="polite">
              {series.total === null ? "" : `${format.value.count(series.total)} series`}
            </p>
          </div>
          {series.problem === null ? null : (
            <ErrorNote problem={series.problem} retry={series.reload} />
          )}
          {series.total === null ? (
            series.problem === null ? (
              <Skeleton lines={8} height="2.75rem" />
            ) : null
          ) : series.total === 0 ? (
            <NoSeries typed={typed} />
          ) : (
            <div class={series.isOutdated ? "outdated" : ""}>
              <VirtualList
                label="Series"
                total={series.total}
                rowPx={ROW_PX}
                keyOf={(index) => series.at(index)?.series ?? String(index)}
                row={(index) => (
                  <Row series={series.at(index)} selected={selected} onToggle={toggle} />
                )}
                onVisible={series.show}
              />
            </div>
          )}
        </section>
        {selected.length === 0 ? null : <Selected names={selected} onRemove={toggle} />}
      </div>
    </Page>
  );
}

interface RowProps {
  series: Series | null;
  selected: readonly string[];
  onToggle: (name: string) => void;
}

function Row({ series, selected, onToggle }: RowProps) {
  if (series === null) return <div class="series-row waiting" />;
  const { device, topic, unit, kind, newestValue, newestMs, intervalMs } = series;
  return (
    <label class="series-row">
      <input
        type="checkbox"
        checked={selected.includes(series.series)}
        onChange={() => onToggle(series.series)}
      />
      <span class="name">
        <strong>{labelOf(series)}</strong>
        <span title={series.series}>
          {device.name} <bdi>{topic}</bdi>
        </span>
      </span>
      <span class="newest">
        <Value value={newestValue} unit={unit} kind={kind} isOld={isOld(series, now.value)} />
        <span>
          {intervalMs > 0 ? `every ${format.value.duration(intervalMs)}, ` : ""}
          <Age atMs={newestMs} />
        </span>
      </span>
    </label>
  );
}

function NoSeries({ typed }: { typed: string }) {
  if (typed === "") {
    return (
      <Empty title="No series yet">
        <p>
          A series begins with the first number in a payload. The <a href="/">overview</a> has three
          lines to try it with.
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="No series matches">
      <p>
        Words are looked for in name, topic, path, device and unit; a filter such as{" "}
        <code>devices/+/state</code> matches topics.{" "}
        <button type="button" class="link" onClick={() => goQuery({ text: null })}>
          Show all series
        </button>
      </p>
    </Empty>
  );
}
