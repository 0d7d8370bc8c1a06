import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { newCount, newWords } from "../alerts/alert-words.ts";
import { newAlerts, usePageStream } from "../page-stream.ts";
import { Icon } from "../parts/Icon.tsx";
import { format } from "../preferences.ts";
import { place } from "../router.ts";
import { Help } from "./Help.tsx";
import { Search } from "./Search.tsx";
import { isHelpOpen, isSearchOpen, listenToKeys, PLACES } from "./shortcuts.ts";
import { TopLine } from "./TopLine.tsx";

/** What surrounds every page: the bar of places, the top line, help and search. */
export function Frame({ children }: { children: ComponentChildren }) {
  const main = useRef<HTMLElement>(null);
  const path = place.value.path;
  usePageStream();
  useEffect(listenToKeys, []);
  const first = useRef(path);
  useEffect(() => {
    // Readers of the screen learn of a new page; the first one is read anyway.
    if (first.current !== path) main.current?.focus({ preventScroll: true });
    first.current = path;
  }, [path]);

  return (
    <div class="frame">
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <TopLine
        onSearch={() => {
          isSearchOpen.value = true;
        }}
      />
      <nav class="places" aria-label="Pages">
        {PLACES.map(({ title, address, icon }) => (
          <a
            key={address}
            href={address}
            aria-current={isWithin(path, address) ? "page" : undefined}
          >
            <Icon name={icon} />
            {title}
            {address === "/alerts" ? <NewAlerts /> : null}
          </a>
        ))}
      </nav>
      <main id="main" ref={main} tabIndex={-1}>
        {children}
      </main>
      {isHelpOpen.value ? <Help /> : null}
      {isSearchOpen.value ? <Search /> : null}
    </div>
  );
}

/** How many alerts wait for somebody; who hears the page hears of each change. */
function NewAlerts() {
  const count = newCount(newAlerts.value);
  return (
    <span class="new-alerts" aria-live="polite">
      {count === 0 ? null : (
        <>
          <span class={newAlerts.value?.critical ? "count problem" : "count"} aria-hidden="true">
            {format.value.count(count)}
          </span>
          <span class="hidden">{newWords(count)}</span>
        </>
      )}
    </span>
  );
}

function isWithin(path: string, address: string): boolean {
  return address === "/" ? path === "/" : path === address || path.startsWith(`${address}/`);
}
