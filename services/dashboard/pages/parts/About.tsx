import { aboutWords } from "./about-words.ts";

/** The device or series that something is about, with a link to it. */
export function About({ name }: { name: string }) {
  const { words, address } = aboutWords(name);
  if (address === null) return <span>{words}</span>;
  return (
    <a href={address} title={name}>
      {words}
    </a>
  );
}
