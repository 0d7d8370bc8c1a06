import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type VisibleRows, visibleRows } from "./visible-rows.ts";

/** A browser's page ends at some height. */
const ROWS_MAX = 100_000;

interface VirtualListProps {
  label: string;
  total: number;
  /** The height of each row in pixels. */
  rowPx: number;
  row: (index: number) => ComponentChildren;
  keyOf: (index: number) => string;
  /** Which rows are on the screen, so that they can be loaded. */
  onVisible?: (rows: VisibleRows) => void;
}

/** A long list that scrolls with the page: only rows near the screen are in the document. */
export function VirtualList(props: VirtualListProps) {
  const { label, total, rowPx, row, keyOf, onVisible } = props;
  const list = useRef<HTMLUListElement>(null);
  const [rows, setRows] = useState<VisibleRows>({ first: 0, end: 0 });
  const shown = Math.min(total, ROWS_MAX);

  const measure = (): void => {
    if (list.current === null) return;
    const { top } = list.current.getBoundingClientRect();
    const next = visibleRows(shown, rowPx, top, innerHeight);
    setRows((was) => (was.first === next.first && was.end === next.end ? was : next));
  };
  const newest = useRef(measure);
  newest.current = measure;

  useLayoutEffect(measure, [shown, rowPx]);
  useEffect(() => {
    const act = (): void => newest.current();
    addEventListener("scroll", act, { passive: true });
    addEventListener("resize", act);
    return () => {
      removeEventListener("scroll", act);
      removeEventListener("resize", act);
    };
  }, []);
  useEffect(() => onVisible?.(rows), [rows.first, rows.end]);

  const indexes = Array.from(
    { length: Math.max(0, Math.min(rows.end, shown) - rows.first) },
    (_, at) => rows.first + at,
  );
  return (
    <>
      <ul class="virtual" ref={list} aria-label={label} style={{ blockSize: `${shown * rowPx}px` }}>
        {indexes.map((index) => (
          <li
            key={keyOf(index)}
            aria-setsize={total}
            aria-posinset={index + 1}
            style={{ transform: `translateY(${index * rowPx}px)`, blockSize: `${rowPx}px` }}
          >
            {row(index)}
          </li>
        ))}
      </ul>
      {total > ROWS_MAX ? <p class="quiet">Narrow the search to see the others.</p> : null}
    </>
  );
}
