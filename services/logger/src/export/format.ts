import type { StoredMessage } from "@weir/store";

/** How messages become text. */
export interface Format {
  /** What stands before the first message. */
  header: string;
  line(message: StoredMessage): string;
}
