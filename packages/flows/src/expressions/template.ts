import mustache from "mustache";
import type { Data } from "../nodes/node.ts";

/** What a template may become at most, in characters. */
const RENDERED_MAX = 65_536;

interface RenderOptions {
  /** Line ends and other control characters become spaces: for subjects, titles and topics. */
  oneLine: boolean;
}

/** Fills in a Mustache template as plain text. @throws Error where it is no template. */
export function renderTemplate(text: string, data: Data, { oneLine }: RenderOptions): string {
  const rendered = mustache
    .render(text, data, undefined, { escape: String })
    .slice(0, RENDERED_MAX);
  return oneLine ? rendered.replace(/[\p{Cc}\u2028\u2029]+/gu, " ").trim() : rendered;
}
