import type { Outcome } from "@weir/flows";
import { errorMessage } from "@weir/runtime";
import { failed, type RetryLater } from "./performer.ts";
import { PrivateAddress, requestWeb, type WebAnswer, type WebRequest } from "./web-request.ts";

/** How much of an answer a problem shows, in characters. */
const SHOWN_MAX = 200;
/** What may be otherwise later [RFC 9110]: Request Timeout, Too Early, Too Many Requests. */
const LATER: ReadonlySet<number> = new Set([408, 425, 429]);

/** Sends a request and says what its answer means. @param resultOf what the workflow goes on with. */
export async function performOnWeb(
  request: WebRequest,
  signal: AbortSignal,
  resultOf: (answer: WebAnswer) => unknown,
): Promise<Outcome | RetryLater> {
  let answer: WebAnswer;
  try {
    answer = await requestWeb(request, { signal });
  } catch (error) {
    if (error instanceof PrivateAddress) return failed(error.message);
    return {
      problem: `${hostOf(request)} does not answer: ${errorMessage(error)}`,
      retryInMs: null,
    };
  }
  const { status, location, retryAfterMs, text } = answer;
  if (status >= 200 && status < 300) return { isDone: true, result: resultOf(answer) };
  const said = `${hostOf(request)} answers ${status}`;
  if (status >= 300 && status < 400) {
    return failed(`${said} and names another address, ${shown(location ?? "")}; name that one`);
  }
  const problem = text === "" ? said : `${said}: ${shown(text)}`;
  const mayPass = status >= 500 || LATER.has(status);
  return mayPass ? { problem, retryInMs: retryAfterMs } : failed(problem);
}

function hostOf({ url }: WebRequest): string {
  return new URL(url).host;
}

function shown(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return JSON.stringify(line.length > SHOWN_MAX ? `${line.slice(0, SHOWN_MAX)}…` : line);
}
