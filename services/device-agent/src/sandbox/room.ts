import { Refusal } from "../commands/command.ts";

/** So many files are enough, however small they are. */
const FILES_MAX = 1_000;

/** What is to be written, and where there may be room for it. */
export interface Room {
  /** Still to be written. */
  bytes: number;
  usedBytes: number;
  usedFiles: number;
  quotaBytes: number;
  freeBytes: number;
  reserveBytes: number;
}

/** @throws Refusal when what is to be written would break the quota or the reserve. */
export function assertRoom(room: Room): void {
  const { bytes, usedBytes, usedFiles, quotaBytes, freeBytes, reserveBytes } = room;
  if (usedFiles > FILES_MAX) {
    throw new Refusal(`the sandbox has ${FILES_MAX} files; remove them first: rm_1gb_file`);
  }
  if (usedBytes + bytes > quotaBytes) {
    throw new Refusal(
      `no room for ${figure(bytes)} in the sandbox: ${figure(usedBytes)} of its quota of ${figure(quotaBytes)} are taken; ${remedy(quotaBytes - usedBytes)}`,
    );
  }
  if (freeBytes - bytes < reserveBytes) {
    throw new Refusal(
      `no room for ${figure(bytes)} on the disk: ${figure(freeBytes)} are free, of which ${figure(reserveBytes)} are kept in reserve; ${remedy(freeBytes - reserveBytes)}`,
    );
  }
}

const figure = (bytes: number): string => `${bytes.toLocaleString("en")} bytes`;

function remedy(leftBytes: number): string {
  const remove = "remove files with rm_1gb_file";
  return leftBytes > 0 ? `ask for at most ${figure(leftBytes)}, or ${remove}` : remove;
}
