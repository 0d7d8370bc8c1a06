import { computed, effect, signal } from "@preact/signals";
import { createFormat, type Format } from "./format.ts";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const THEME_KEY = "weir.theme";
const ZONE_KEY = "weir.zone";

export const browserZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

function kept(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    // Storage may be forbidden; the page works without it.
    return null;
  }
}

function keep(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // As above.
  }
}

function isZone(name: string | null): name is string {
  return name !== null && (name === "UTC" || Intl.supportedValuesOf("timeZone").includes(name));
}

const keptZone = kept(ZONE_KEY);
const keptTheme = kept(THEME_KEY);

/** The zone of all times; `null`: the browser's own. */
export const chosenZone = signal<string | null>(isZone(keptZone) ? keptZone : null);
export const theme = signal<Theme>(THEMES.find((one) => one === keptTheme) ?? "system");

/** How numbers and times are written now. */
export const format = computed<Format>(() =>
  createFormat(navigator.languages, chosenZone.value ?? browserZone),
);

effect(() => keep(ZONE_KEY, chosenZone.value));
effect(() => {
  keep(THEME_KEY, theme.value === "system" ? null : theme.value);
  const root = document.documentElement;
  if (theme.value === "system") root.removeAttribute("data-theme");
  else root.setAttribute("data-theme", theme.value);
});
