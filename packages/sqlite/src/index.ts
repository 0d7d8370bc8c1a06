export { orOpeningFault } from "./faults.ts";
export { fsyncFolderOf } from "./fsync.ts";
export { type LockedOut, lockFile } from "./lock.ts";
export { isLocked, LOCK_MS_MAX } from "./locked.ts";
export { makeFolderAt, makePlaceOf } from "./place.ts";
