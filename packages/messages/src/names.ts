const NAME = /^[A-Za-z0-9._-]{1,64}$/;

/** Whether a text may stand in a topic, a path or a label that we make: a publisher, an epoch, a device. */
export function isName(text: string): boolean {
  return NAME.test(text);
}
