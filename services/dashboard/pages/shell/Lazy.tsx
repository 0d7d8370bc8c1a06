import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { RequestError } from "../api.ts";
import { ErrorNote, Skeleton } from "../parts/Notes.tsx";
import { Page } from "./Page.tsx";

/** A page whose script is loaded when it is shown for the first time. @param title until then */
export function lazily<Props extends object>(
  title: string,
  load: () => Promise<ComponentType<Props>>,
): ComponentType<Props> {
  let loaded: ComponentType<Props> | null = null;
  return function Lazy(props: Props) {
    const [problem, setProblem] = useState<RequestError | null>(null);
    const [, setIsLoaded] = useState(loaded !== null);
    useEffect(() => {
      if (loaded !== null) return;
      load().then(
        (page) => {
          loaded = page;
          setIsLoaded(true);
        },
        (cause: unknown) => setProblem(new RequestError(0, [NOT_LOADED], cause)),
      );
    }, []);
    const Loaded = loaded;
    if (Loaded !== null) return <Loaded {...props} />;
    return (
      <Page title={title}>
        {problem === null ? (
          <Skeleton lines={6} height="3.5rem" />
        ) : (
          <ErrorNote problem={problem} retry={() => location.reload()} />
        )}
      </Page>
    );
  };
}

/** The server has another version since the document was loaded, or it is away. */
const NOT_LOADED = {
  field: "request",
  value: null,
  problem: "this page could not be loaded",
  remedy: "Load it again; if it stays away, look whether the dashboard runs.",
};
