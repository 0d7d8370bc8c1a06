import { useState } from "preact/hooks";
import { RequestError } from "../api.ts";

/** Something that a button does. */
export interface Deed<Asked extends readonly unknown[], T> {
  isDoing: boolean;
  /** What it gave back last. */
  result: T | null;
  problem: RequestError | null;
  act: (...asked: Asked) => Promise<void>;
}

/** Does something at the server once at a time, and keeps what became of it. @param then after a success */
export function useDeed<Asked extends readonly unknown[], T>(
  deed: (...asked: Asked) => Promise<T>,
  then: () => void = () => undefined,
): Deed<Asked, T> {
  const [state, setState] = useState<Omit<Deed<Asked, T>, "act">>(IDLE);
  const act = async (...asked: Asked): Promise<void> => {
    if (state.isDoing) return;
    setState({ ...IDLE, isDoing: true });
    try {
      const result = await deed(...asked);
      setState({ isDoing: false, result, problem: null });
      then();
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      setState({ isDoing: false, result: null, problem: error });
    }
  };
  return { ...state, act };
}

const IDLE = { isDoing: false, result: null, problem: null } as const;
