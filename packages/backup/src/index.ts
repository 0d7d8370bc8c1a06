export { type BackupOptions, type BackupReport, backUp } from "./back-up.ts";
export {
  type BackupState,
  backupProblem,
  readBackupState,
  writeBackupState,
} from "./backup-state.ts";
export { checkSnapshot } from "./check.ts";
export { restore } from "./restore.ts";
export { bytesOf, readSnapshot, snapshotBegunMs, snapshotNames } from "./snapshot.ts";
export type { SuitePlaces } from "./suite-places.ts";
