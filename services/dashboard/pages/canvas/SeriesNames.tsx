import { useEffect, useState } from "preact/hooks";
import { api } from "../api.ts";

const REST_MS = 200;
const NAMES_MAX = 30;

/** The series that match what is typed, for the field that names one. */
export function SeriesNames({ id, text }: { id: string; text: string }) {
  const [names, setNames] = useState<readonly string[]>([]);
  useEffect(() => {
    const abort = new AbortController();
    const timer = setTimeout(() => {
      const words = text.replaceAll(/[#/+]+/g, " ").trim();
      api.series({ ...(words === "" ? {} : { text: words }), limit: NAMES_MAX }, abort.signal).then(
        ({ series }) => setNames(series.map(({ topic, path }) => `${topic}#${path}`)),
        // Without names to choose from, one can still be typed.
        () => undefined,
      );
    }, REST_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text]);
  return (
    <datalist id={id}>
      {names.map((name) => (
        <option key={name} value={name} />
      ))}
    </datalist>
  );
}
