import type { ComponentChildren } from "preact";

/** What may be wider than a phone, such as a table: it scrolls by itself, with the keyboard too. */
export function Wide({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
    <section class="wide" tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}
