import { signal } from "@preact/signals";
import type { infer as Of } from "zod";
import type * as access from "../src/contract/access.ts";
import type * as devices from "../src/contract/devices.ts";
import type { Problems } from "../src/contract/problems.ts";
import type * as series from "../src/contract/series.ts";
import type * as system from "../src/contract/system.ts";

type Session = access.Session;
export type StreamsAnswer = Of<typeof system.streams>;
export type RejectionsAnswer = Of<typeof system.rejections>;
export type ServicesAnswer = Of<typeof system.services>;

const ROOT = "/api/v1";

type Value = string | number | boolean | undefined;
/** A value that is a list is repeated; `undefined` is left out. */
export type Query = Record<string, Value | readonly string[]>;

/** Who uses these pages; `null`: not known yet. */
export const session = signal<Session | null>(null);

/** An answer that is an error. Its message is whole sentences, for people. */
export class RequestError extends Error {
  /** The HTTP status; 0: the server did not answer. */
  readonly status: number;
  readonly problems: Problems["problems"];

  constructor(status: number, problems: Problems["problems"], cause?: unknown) {
    super(problems.map(sentence).join(" "), { cause });
    this.status = status;
    this.problems = problems;
  }
}

function sentence({ field, problem, remedy }: Problems["problems"][number]): string {
  const words = ["request", "address", "body", "querystring", ""].includes(field)
    ? problem
    : `${field}: ${problem}`;
  const first = words.charAt(0).toUpperCase() + words.slice(1);
  return `${/[.!?]$/.test(first) ? first : `${first}.`} ${remedy}`.trim();
}

/** The address of something of the API, as for a link to an export. */
export function addressOf(path: string, query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) parameters.append(name, String(one));
  }
  const text = parameters.toString();
  return text === "" ? ROOT + path : `${ROOT}${path}?${text}`;
}

/** @throws RequestError for every answer that is an error, and where there is none. */
async function ask<T>(method: string, address: string, rest: RequestInit = {}): Promise<T> {
  const headers = new Headers(rest.headers);
  const csrf = session.peek()?.csrf;
  if (method !== "GET" && csrf != null) headers.set("x-weir-csrf", csrf);
  let answer: Response;
  try {
    answer = await fetch(address, { ...rest, method, headers, credentials: "same-origin" });
  } catch (cause) {
    // Who aborted the request knows why.
    if (rest.signal?.aborted === true) throw cause;
    throw new RequestError(0, [AWAY], cause);
  }
  const body: unknown = answer.headers.get("content-type")?.includes("json")
    ? await answer.json()
    : null;
  // The server keeps the contract; the pages believe it.
  if (answer.ok) return body as T;
  if (answer.status === 401 && session.peek()?.state === "signed in") {
    session.value = { state: "signed out", user: null, csrf: null };
  }
  const problems = (body as Problems | null)?.problems;
  throw new RequestError(
    answer.status,
    problems ?? [{ ...AWAY, problem: `the server answered with ${answer.status}` }],
  );
}

const AWAY = {
  field: "request",
  value: null,
  problem: "the dashboard's server did not answer",
  remedy: "It is asked again by itself; if it stays away, look whether it runs.",
};

export function get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
  return ask<T>("GET", addressOf(path, query), signal === undefined ? {} : { signal });
}

/** Sends a body as JSON. */
export function send<T>(
  method: "POST" | "PUT" | "PATCH",
  path: string,
  body: unknown = {},
): Promise<T> {
  return ask<T>(method, addressOf(path), {
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  });
}

function remove<T>(path: string): Promise<T> {
  return ask<T>("DELETE", addressOf(path));
}

interface HistoryQuery {
  series: readonly string[];
  fromMs: number;
  toMs?: number;
  buckets?: number;
  timeZone?: string;
}

interface SeriesQuery {
  text?: string;
  stream?: string;
  kind?: series.Series["kind"];
  device?: string;
  filter?: string;
  offset?: number;
  limit?: number;
}

/** What the pages ask the server. */
export const api = {
  session: () => get<Session>("/session"),
  setUp: (body: Of<typeof access.setupRequest>) => send<Session>("POST", "/setup", body),
  signIn: (body: Of<typeof access.signInRequest>) => send<Session>("POST", "/session", body),
  signOut: () => remove<Session>("/session"),
  changePassword: (body: Of<typeof access.passwordRequest>) =>
    send<unknown>("PUT", "/session/password", body),
  users: () => get<Of<typeof access.users>>("/users"),
  addUser: (body: Of<typeof access.userRequest>) => send<unknown>("POST", "/users", body),
  changeUser: (name: string, body: Of<typeof access.userChange>) =>
    send<access.User>("PATCH", `/users/${encodeURIComponent(name)}`, body),
  removeUser: (name: string) => remove<unknown>(`/users/${encodeURIComponent(name)}`),
  tokens: () => get<Of<typeof access.tokens>>("/tokens"),
  addToken: (body: Of<typeof access.tokenRequest>) =>
    send<Of<typeof access.newToken>>("POST", "/tokens", body),
  removeToken: (id: string) => remove<unknown>(`/tokens/${encodeURIComponent(id)}`),

  devices: (query: { text?: string; offset?: number; limit?: number }, signal?: AbortSignal) =>
    get<Of<typeof devices.devicesPage>>("/devices", query, signal),
  device: (id: string, signal?: AbortSignal) =>
    get<devices.Device>(`/devices/${encodeURIComponent(id)}`, {}, signal),
  series: (query: SeriesQuery, signal?: AbortSignal) =>
    get<Of<typeof series.seriesPage>>("/series", { ...query }, signal),
  oneSeries: (name: string, signal?: AbortSignal) =>
    get<series.Series>(`/series/${encodeURIComponent(name)}`, {}, signal),
  history: (query: HistoryQuery, signal?: AbortSignal) =>
    get<series.History>("/history", { ...query }, signal),
  explain: (query: { topic: string; count?: number }, signal?: AbortSignal) =>
    get<Of<typeof series.explanations>>("/explain", query, signal),

  streams: (signal?: AbortSignal) => get<StreamsAnswer>("/streams", {}, signal),
  audit: (signal?: AbortSignal) => get<system.Audit>("/audit", {}, signal),
  rejections: (query: { limit?: number }, signal?: AbortSignal) =>
    get<RejectionsAnswer>("/rejections", query, signal),
  services: (signal?: AbortSignal) => get<ServicesAnswer>("/services", {}, signal),
};
