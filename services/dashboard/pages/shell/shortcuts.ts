import { signal } from "@preact/signals";
import { go } from "../router.ts";

export const isHelpOpen = signal(false);
export const isSearchOpen = signal(false);

/** What the keys do, for the page of help too. */
export const PLACES = [
  { key: "o", title: "Overview", address: "/", icon: "overview" },
  { key: "d", title: "Devices", address: "/devices", icon: "devices" },
  { key: "s", title: "Series", address: "/series", icon: "series" },
  { key: "w", title: "Workflows", address: "/workflows", icon: "workflows" },
  { key: "a", title: "Alerts", address: "/alerts", icon: "alerts" },
  { key: "y", title: "System", address: "/system", icon: "system" },
] as const;

/** The second key comes within this time. */
const PAIR_MS = 1_500;

/** Acts on keys pressed outside of fields; the answer ends that. */
export function listenToKeys(): () => void {
  let leadMs = Number.NEGATIVE_INFINITY;
  const take = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || isField(event.target)) return;
    if (document.querySelector("dialog[open]") !== null) return;
    const isSecond = event.timeStamp - leadMs < PAIR_MS;
    leadMs = Number.NEGATIVE_INFINITY;
    if (isSecond) {
      const to = PLACES.find(({ key }) => key === event.key);
      if (to !== undefined) go(to.address);
    } else if (event.key === "g") {
      leadMs = event.timeStamp;
    } else if (event.key === "/") {
      event.preventDefault();
      isSearchOpen.value = true;
    } else if (event.key === "?") {
      isHelpOpen.value = true;
    }
  };
  document.addEventListener("keydown", take);
  return () => document.removeEventListener("keydown", take);
}

function isField(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches("input, textarea, select"))
  );
}
