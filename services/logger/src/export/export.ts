import type { Progress } from "@weir/recording";
import { type Cursor, type RangePage, readRange, type Skipped } from "@weir/store";
import type { ExportRequest } from "./command-line.ts";
import type { Sink } from "./sink.ts";

export interface ExportOptions {
  sink: Sink;
  onProgress: (progress: Progress) => void;
  onSkipped: (skipped: Skipped) => void;
  /** Asked between two pages. */
  isStopped: () => boolean;
}

/** What an export has done. */
export interface Exported {
  messages: number;
  /** Behind the last page that was written; `null` where there was nothing at all. */
  cursor: Cursor | null;
  /** `limit`: so many were asked for, and there may be more. */
  end: "complete" | "limit" | "stopped";
  /** Segments that could not be read. */
  unreadable: number;
}

/** Writes what a request asks for, a page at a time: never more is in memory. */
export async function exportRange(
  { stream, query, format }: Pick<ExportRequest, "stream" | "query" | "format">,
  { sink, onProgress, onSkipped, isStopped }: ExportOptions,
): Promise<Exported> {
  const exported: Exported = { messages: 0, cursor: null, end: "complete", unreadable: 0 };
  if (query.after === undefined) await sink.write(format.header);
  for await (const page of readRange(stream.place, query)) {
    for (const skipped of page.skipped) {
      if (skipped.kind === "unreadable") exported.unreadable += 1;
      onSkipped(skipped);
    }
    await sink.write(render(page, format.line));
    exported.messages += page.messages.length;
    exported.cursor = page.cursor;
    onProgress({ messages: exported.messages, reachedUs: page.reachedUs });
    if (exported.messages === query.limit) exported.end = "limit";
    else if (isStopped()) exported.end = "stopped";
    if (exported.end !== "complete") break;
  }
  await sink.end();
  return exported;
}

function render({ messages }: RangePage, line: ExportRequest["format"]["line"]): string {
  let text = "";
  for (const message of messages) text += line(message);
  return text;
}
