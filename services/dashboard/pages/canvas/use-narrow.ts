import { useEffect, useState } from "preact/hooks";

const query = matchMedia("(max-width: 640px)");

/** Whether the screen is one of a phone. */
export function useNarrow(): boolean {
  const [isNarrow, setIsNarrow] = useState(query.matches);
  useEffect(() => {
    const change = (): void => setIsNarrow(query.matches);
    query.addEventListener("change", change);
    return () => query.removeEventListener("change", change);
  }, []);
  return isNarrow;
}
