import type { FileHandle } from "node:fs/promises";

const ZEROS = Buffer.alloc(1_048_576);
const STEP_BYTES = 8 * ZEROS.length;

/** What is written, and what may end it. */
export interface WriteOptions {
  bytes: number;
  signal: AbortSignal;
  /** Asked before each step of 8 MiB, with the bytes that are still to be written. It throws to end it. */
  assertRoom: (bytes: number) => Promise<void>;
}

/**
 * Fills a file with zeros, on the disk when it returns. Each step is on the disk before the next begins, so
 * that the free room is known, memory is not filled, and an end does not have to wait for long.
 */
export async function writeZeros(file: FileHandle, options: WriteOptions): Promise<void> {
  const { bytes, signal, assertRoom } = options;
  for (let written = 0; written < bytes; ) {
    await assertRoom(bytes - written);
    const end = Math.min(bytes, written + STEP_BYTES);
    while (written < end) {
      signal.throwIfAborted();
      const { bytesWritten } = await file.write(ZEROS, 0, Math.min(ZEROS.length, end - written));
      written += bytesWritten;
    }
    await file.sync();
  }
  signal.throwIfAborted();
}
