/** How many publications may be without an answer; what exceeds it waits its turn, in order. */
export interface SendWindow {
  /** Calls `send` when there is room, at once if there is. It calls `leave` once, with the answer. */
  enter(send: (leave: () => void) => void): void;
}

/** The client's part of flow control [MQTT-4.9.0-2]. */
export function createSendWindow(sizeMax: number): SendWindow {
  const waiting: ((leave: () => void) => void)[] = [];
  let underWay = 0;
  let isAdmitting = false;

  /** A loop, not a recursion: a client that is ending answers each `send` within the call. */
  function admit(): void {
    if (isAdmitting) return;
    isAdmitting = true;
    while (underWay < sizeMax) {
      const send = waiting.shift();
      if (send === undefined) break;
      underWay += 1;
      send(leave);
    }
    isAdmitting = false;
  }

  function leave(): void {
    underWay -= 1;
    admit();
  }

  return {
    enter: (send) => {
      waiting.push(send);
      admit();
    },
  };
}
