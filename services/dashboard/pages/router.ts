import { signal } from "@preact/signals";

/** Where the page is: the path without a slash at its end, and the query. */
export interface Place {
  path: string;
  query: URLSearchParams;
}

export const place = signal<Place>(readPlace());

function readPlace(): Place {
  const path = location.pathname.replace(/\/+$/, "");
  return { path: path === "" ? "/" : path, query: new URLSearchParams(location.search) };
}

/** What a page with unsaved work asks before it is left; `null`: nothing. */
export const beforeLeaving = signal<(() => boolean) | null>(null);

function isLeft(path: string): boolean {
  const ask = beforeLeaving.peek();
  if (path === place.peek().path || ask === null) return true;
  if (!ask()) return false;
  beforeLeaving.value = null;
  return true;
}

/** Goes to an address of these pages. `replace` leaves no step in the browser's history. */
export function go(address: string, how: "push" | "replace" = "push"): void {
  const before = place.value.path;
  if (!isLeft(new URL(address, location.href).pathname)) return;
  if (how === "push") history.pushState(null, "", address);
  else history.replaceState(null, "", address);
  place.value = readPlace();
  if (place.value.path !== before) scrollTo(0, 0);
}

/** Changes parameters of the query; `null` and an empty list remove one. */
export function goQuery(
  changes: Record<string, string | readonly string[] | null>,
  how: "push" | "replace" = "replace",
): void {
  const query = new URLSearchParams(place.value.query);
  for (const [name, value] of Object.entries(changes)) {
    query.delete(name);
    if (value === null) continue;
    for (const one of typeof value === "string" ? [value] : value) query.append(name, one);
  }
  const text = query.toString();
  go(text === "" ? location.pathname : `${location.pathname}?${text}`, how);
}

addEventListener("popstate", () => {
  const { path, query } = place.value;
  if (isLeft(readPlace().path)) place.value = readPlace();
  else history.pushState(null, "", query.size === 0 ? path : `${path}?${query}`);
});

/** Plain links are enough: a click on one of these pages' own addresses does not load the document. */
document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (link === null || link.target !== "" || link.hasAttribute("download")) return;
  const address = new URL(link.href, location.href);
  if (address.origin !== location.origin || address.pathname.startsWith("/api/")) return;
  if (address.pathname === location.pathname && address.hash !== "") return;
  event.preventDefault();
  go(address.pathname + address.search);
});
