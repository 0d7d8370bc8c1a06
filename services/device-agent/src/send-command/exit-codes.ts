import { EXIT_CODES } from "@weir/fault";
import type { CommandOutcome } from "@weir/messages";

/** What `npm run command` ends with, by what became of the command. */
export const OUTCOME_CODES: Readonly<Record<CommandOutcome, number>> = {
  done: EXIT_CODES.ok,
  failed: EXIT_CODES.fault,
  expired: 3,
  rejected: 4,
  unknown: 5,
  duplicate: 6,
};

/** The device said nothing, or not all. */
export const NO_ANSWER_CODE = 7;
/** The broker does not let this user in, or not do this; as EX_NOPERM of sysexits(3). */
export const REFUSED_CODE = 77;
