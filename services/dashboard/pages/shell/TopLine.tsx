import { useDark } from "../chart/use-dark.ts";
import { now } from "../clock.ts";
import { awaySinceMs, status } from "../page-stream.ts";
import { Icon } from "../parts/Icon.tsx";
import { Dot } from "../parts/State.tsx";
import { format, theme } from "../preferences.ts";
import { statusLine } from "./status-line.ts";
import { UserMenu } from "./UserMenu.tsx";

/** The line above every page: whether anything is lost, how fresh this is, search, and the user's menu. */
export function TopLine({ onSearch }: { onSearch: () => void }) {
  return (
    <header class="top">
      <a class="brand" href="/" aria-label="Weir, overview">
        <Mark />
        <span>Weir</span>
      </a>
      <StatusLink />
      <button type="button" class="search-button" onClick={onSearch} aria-keyshortcuts="/">
        <Icon name="search" />
        <span>Search</span>
        <kbd>/</kbd>
      </button>
      <ThemeButton />
      <UserMenu />
    </header>
  );
}

/** The other of light and dark. */
function ThemeButton() {
  const systemIsDark = useDark();
  const isDark = theme.value === "dark" || (theme.value === "system" && systemIsDark);
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={isDark ? "Use the light theme" : "Use the dark theme"}
      onClick={() => {
        theme.value = isDark ? "light" : "dark";
      }}
    >
      <Icon name={isDark ? "sun" : "moon"} />
    </button>
  );
}

function StatusLink() {
  const { tone, words, more } = statusLine(
    status.value,
    awaySinceMs.value,
    now.value,
    format.value,
  );
  return (
    <a class={`status ${tone}`} href="/system">
      <Dot tone={tone} />
      {/* The words are announced when they change; the age, each second, is not. */}
      <span aria-live="polite">{words}</span>{" "}
      {more === null ? null : <span class="more">{more}</span>}
    </a>
  );
}

/** Water over a wall. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
      <path d="M2.5 8c3 0 3-2 6-2s3.5 2 5 5.500 2.500 5.500 8 5.500" />
      <path d="M2.500 13c2.500 0 3-1.500 5-1.500" />
      <path d="M2.500 18h6" />
    </svg>
  );
}
