/** The address of a device's page. Ids may contain slashes. */
export function deviceAddress(id: string): string {
  return `/devices/${encodeURIComponent(id)}`;
}

/** The address of the page of series, with these on its chart. */
export function seriesAddress(names: readonly string[]): string {
  return `/series?${new URLSearchParams(names.map((name) => ["series", name]))}`;
}
