/** Texts that the beginnings of topics are replaced by; the first that fits counts. */
export interface Rewrite {
  from: string;
  to: string;
}

export interface RetopicOptions {
  /** Is put in front of every topic. */
  root: string;
  rewrites: readonly Rewrite[];
}

/** The topic under which a message is played back. It may be none that can be published to. */
export function retopic(topic: string, { root, rewrites }: RetopicOptions): string {
  const rewrite = rewrites.find(({ from }) => topic.startsWith(from));
  return root + (rewrite === undefined ? topic : rewrite.to + topic.slice(rewrite.from.length));
}
