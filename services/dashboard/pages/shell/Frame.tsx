import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { usePageStream } from "../page-stream.ts";
import { Icon } from "../parts/Icon.tsx";
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

function isWithin(path: string, address: string): boolean {
  return address === "/" ? path === "/" : path === address || path.startsWith(`${address}/`);
}
