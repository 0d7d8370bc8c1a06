import type {
  CheckedText,
  CheckRequest,
  Trial,
  TrialRequest,
  WorkflowFile,
} from "@weir/flows/contract";
import { get, RequestError, send } from "../api.ts";

const addressOf = (file: string): string => `/workflows/files/${encodeURIComponent(file)}`;

/** What the canvas asks the server, beside what the other pages of workflows do. */
export const canvasApi = {
  /** `null`: there is no such file yet. */
  file: async (file: string, signal?: AbortSignal): Promise<WorkflowFile | null> => {
    try {
      return await get<WorkflowFile>(addressOf(file), {}, signal);
    } catch (error) {
      if (error instanceof RequestError && error.status === 404) return null;
      throw error;
    }
  },
  remove: (file: string, revision: string) =>
    send<unknown>("POST", `${addressOf(file)}/delete`, { revision }),
  check: (request: CheckRequest) => send<CheckedText>("POST", "/workflows/check", request),
  try: (request: TrialRequest) => send<Trial>("POST", "/workflows/trials", request),
};
