/** A topic filter has a + or a # as a whole level; anything else is words. */
export function searchQuery(typed: string): { filter?: string; text?: string } {
  const text = typed.trim();
  if (text === "") return {};
  const isFilter =
    !/\s/.test(text) && text.split("/").some((level) => level === "+" || level === "#");
  return isFilter ? { filter: text } : { text };
}
