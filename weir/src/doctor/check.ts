import {
  type Clock,
  ConfigurationFault,
  type Environment,
  errorMessage,
  Fault,
} from "@weir/runtime";
import type { ServiceAnswer } from "./ask-services.ts";

/** `ok`: as it should be. `look`: it works, and may not be meant. `wrong`: something does not work. */
type State = "ok" | "look" | "wrong";

/** One thing that a check has found. */
export interface Finding {
  state: State;
  /** What it is like, in words. */
  found: string;
  /** What to do about it: sentences; `null` where there is nothing to do. */
  remedy: string | null;
}

/** What a check looks at. */
export interface Scene {
  /** @throws ConfigurationFault for a wrong `.env`. */
  readonly environment: Environment;
  clock: Clock;
  /** Aborts when the command is to end. */
  signal: AbortSignal;
  /** How the services answer, asked once for all checks. @throws ConfigurationFault. */
  services: () => Promise<readonly ServiceAnswer[]>;
}

/** Looks at one kind of thing that goes wrong. */
export interface Check {
  name: string;
  /** What it throws becomes a finding. */
  look: (scene: Scene) => Promise<Finding[]> | Finding[];
}

export const ok = (found: string): Finding => ({ state: "ok", found, remedy: null });

export const look = (found: string, remedy: string): Finding => ({ state: "look", found, remedy });

export const wrong = (found: string, remedy: string): Finding => ({
  state: "wrong",
  found,
  remedy,
});

/** A check has so much time, and then it is over. */
const LOOK_MS_MAX = 4_000;

/** Runs a check. It ends within its time with a finding at least, whatever happens. */
export async function runCheck({ name, look: run }: Check, scene: Scene): Promise<Finding[]> {
  const late = Promise.withResolvers<Finding[]>();
  using _timer = scene.clock.schedule(LOOK_MS_MAX, () =>
    late.resolve([
      wrong(
        `${name}: no answer within ${LOOK_MS_MAX / 1_000} s`,
        "Something that it looks at hangs, such as a network file system. Look at the machine.",
      ),
    ]),
  );
  try {
    return await Promise.race([run(scene), late.promise]);
  } catch (error) {
    return [findingOf(error)];
  }
}

function findingOf(error: unknown): Finding {
  if (error instanceof ConfigurationFault) {
    return look("not looked at, because the configuration is wrong", "Correct that first.");
  }
  if (error instanceof Fault) return wrong(error.message, error.remedy);
  return wrong(errorMessage(error), "Look at what the message names.");
}
