import { useEffect, useState } from "preact/hooks";
import { RequestError } from "../api.ts";
import { beforeLeaving } from "../router.ts";
import { canvasApi } from "./canvas-api.ts";
import {
  answered,
  type Draft,
  draftOf,
  drawn,
  type Editing,
  isChanged,
  needsCheck,
  restored,
  takenBack,
  typed,
} from "./editing.ts";
import type { Drawing } from "./model.ts";

/** The work on a file rests for so long before it is checked. */
const CHECK_REST_MS = 250;
const CHECK_AGAIN_MS = 5_000;

/** The work on a file, and what can be done to it. */
export interface Editor {
  file: string;
  editing: Editing;
  draft: Draft;
  isChanged: boolean;
  /** The text and the problems shown are of the draft. */
  isChecked: boolean;
  /** Why the draft could not be checked. */
  checkProblem: RequestError | null;
  /** Why nothing can be changed; `null`: it can. */
  readOnly: string | null;
  /** Goes on with another drawing. @param key changes of one key are taken back together */
  draw: (change: (drawing: Drawing) => Drawing, key?: string) => void;
  type: (text: string) => void;
  undo: () => void;
  redo: () => void;
  change: (next: (editing: Editing) => Editing) => void;
  /** Lets the page go without asking: the file is gone. */
  forget: () => void;
}

/** Keeps the work on a file, and lets the server check each step of it. The latest answer wins. */
export function useEditing(file: string, first: Editing, readOnly: string | null): Editor {
  const [editing, setEditing] = useState(first);
  const [checkProblem, setCheckProblem] = useState<RequestError | null>(null);
  const [round, setRound] = useState(0);
  const draft = draftOf(editing);
  const isStale = needsCheck(editing);
  const { text, flows, isTextBehind } = draft;

  // `round` is a reason to ask, too.
  useEffect(() => {
    if (!isStale) return;
    let isLatest = true;
    const ask = (): void => {
      const request = { file, text, ...(isTextBehind ? { flows: [...flows] } : {}) };
      canvasApi.check(request).then(
        (answer) => {
          if (!isLatest) return;
          setCheckProblem(null);
          setEditing((now) => answered(now, draft, answer));
        },
        (error: unknown) => {
          if (!isLatest || !(error instanceof RequestError)) return;
          setCheckProblem(error);
          if (error.status === 0 || error.status >= 500) {
            timer = setTimeout(() => setRound((count) => count + 1), CHECK_AGAIN_MS);
          }
        },
      );
    };
    let timer = setTimeout(ask, CHECK_REST_MS);
    return () => {
      isLatest = false;
      clearTimeout(timer);
    };
  }, [isStale, text, flows, isTextBehind, round]);

  const hasChanged = readOnly === null && isChanged(editing);
  useEffect(() => {
    if (!hasChanged) return;
    const warn = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener("beforeunload", warn);
    beforeLeaving.value = () =>
      confirm(`${file} has changes that are not saved. Leave without them?`);
    return () => {
      removeEventListener("beforeunload", warn);
      beforeLeaving.value = null;
    };
  }, [hasChanged, file]);

  const change = (next: (editing: Editing) => Editing): void => {
    if (readOnly === null) setEditing(next);
  };
  return {
    file,
    editing,
    draft,
    isChanged: hasChanged,
    isChecked: !isStale,
    checkProblem: isStale ? checkProblem : null,
    readOnly,
    draw: (to, key) => {
      // What cannot be read would be lost.
      change((now) => (draftOf(now).isUnreadable ? now : drawn(now, to(draftOf(now)), key)));
    },
    type: (given) => change((now) => typed(now, given)),
    undo: () => change(takenBack),
    redo: () => change(restored),
    change,
    forget: () => {
      beforeLeaving.value = null;
    },
  };
}
