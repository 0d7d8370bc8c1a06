import type { Effect } from "./node.ts";

const LENGTH_MAX = 200;

/** What an effect does, in words for people: to whom, where. */
export function effectWords(effect: Effect): string {
  const words = wordsOf(effect);
  return words.length > LENGTH_MAX ? `${words.slice(0, LENGTH_MAX - 1)}…` : words;
}

function wordsOf(effect: Effect): string {
  switch (effect.kind) {
    case "email":
      return `to ${effect.to.join(", ")}: ${effect.subject}`;
    case "webhook":
      return `${effect.method} ${effect.url}`;
    case "ntfy":
      return `${effect.server}/${effect.topic}: ${effect.title === "" ? effect.message : effect.title}`;
    case "publish":
      return `${effect.topic} ${effect.payload}`;
    case "command":
      return `${effect.name} for ${effect.device}`;
    case "history":
      return `the ${effect.aggregate} of ${effect.series}`;
  }
}
