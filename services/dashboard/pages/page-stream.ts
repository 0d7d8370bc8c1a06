import { signal } from "@preact/signals";
import type { OpenAlerts } from "@weir/flows/contract";
import { useEffect, useRef } from "preact/hooks";
import type { Averages, Status } from "../src/contract/status.ts";
import { addressOf, api, session } from "./api.ts";
import { setClock } from "./clock.ts";
import { type Handlers, Live, type Wish } from "./live.ts";

export const status = signal<Status | null>(null);
export const averages = signal<Averages | null>(null);
/** How many alerts are new, by severity; `null`: not known, as while no workflows run. */
export const newAlerts = signal<OpenAlerts | null>(null);
/** Since when no event comes, by this machine's clock; `null`: the stream is there. */
export const awaySinceMs = signal<number | null>(null);

const live = new Live({
  open: (query) => new EventSource(addressOf("/live") + (query === "" ? "" : `?${query}`)),
  after: (ms, act) => {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
  onAway: (isAway) => {
    awaySinceMs.value = isAway ? Date.now() : null;
  },
  onRefused: () => {
    // It may be that the session has ended: then pages go and the sign-in comes.
    api.session().then(
      (found) => {
        session.value = found;
      },
      () => undefined,
    );
  },
});

addEventListener("pagehide", () => live.end());
addEventListener("pageshow", (event) => {
  if (event.persisted) live.resume();
});

/** Status and averages, for as long as somebody is signed in. */
export function usePageStream(): void {
  useEffect(
    () =>
      live.follow(
        {},
        {
          hello: ({ nowMs }) => setClock(nowMs),
          status: (event) => {
            setClock(event.nowMs);
            status.value = event;
          },
          averages: (event) => {
            averages.value = event;
          },
          alerts: ({ open }) => {
            newAlerts.value = open;
          },
        },
      ),
    [],
  );
}

/** Live events for a part of a page, while it is there; `null`: none now. */
export function useLive(wish: Wish | null, handlers: Handlers): void {
  const newest = useRef(handlers);
  newest.current = handlers;
  const key = wish === null ? null : JSON.stringify(wish);
  useEffect(() => {
    if (key === null) return;
    // `key` is the wish as text.
    return live.follow(JSON.parse(key) as Wish, {
      points: (event) => newest.current.points?.(event),
      reset: (event) => newest.current.reset?.(event),
      devices: (event) => newest.current.devices?.(event),
      command: (event) => newest.current.command?.(event),
      log: (event) => newest.current.log?.(event),
      connection: (event) => newest.current.connection?.(event),
      alerts: (event) => newest.current.alerts?.(event),
      workflows: (event) => newest.current.workflows?.(event),
    });
  }, [key]);
}
