import type { Progress } from "@weir/recording";
import { type Cursor, readRange, type Skipped } from "@weir/store";
import type { PreviewRequest } from "./command-line.ts";
import { type Gathered, startGathering } from "./gathering.ts";

export interface PreviewOptions {
  onProgress: (progress: Progress) => void;
  onSkipped: (skipped: Skipped) => void;
  /** Asked between two pages. */
  isStopped: () => boolean;
}

/** What a preview has found. */
export interface Preview extends Gathered {
  messages: number;
  /** Segments that could not be read. */
  unreadable: number;
  isStopped: boolean;
  /** Behind the last page that was read; `null` where nothing is recorded. */
  cursor: Cursor | null;
}

/** Reads what a request asks for, a page at a time, and adds up: never more is in memory. */
export async function previewDeadbands(
  request: PreviewRequest,
  { onProgress, onSkipped, isStopped }: PreviewOptions,
): Promise<Preview> {
  const found = { messages: 0, unreadable: 0, isStopped: false, cursor: null as Cursor | null };
  const gathering = startGathering(request);
  for await (const page of readRange(request.stream.place, request.query)) {
    for (const skipped of page.skipped) {
      if (skipped.kind === "unreadable") found.unreadable += 1;
      onSkipped(skipped);
    }
    for (const message of page.messages) gathering.add(message);
    found.messages += page.messages.length;
    found.cursor = page.cursor;
    onProgress({ messages: found.messages, reachedUs: page.reachedUs });
    found.isStopped = isStopped();
    if (found.isStopped) break;
  }
  return { ...found, ...gathering.result() };
}
