/** A workflow to begin with. It is off until somebody switches it on. */
export interface Example {
  id: string;
  /** After "Begin with …". */
  title: string;
  text: (name: string) => string;
}

/** @param name of the file and of its workflow: names of workflows are unique over all files */
export const EXAMPLES: readonly Example[] = [
  {
    id: "warm",
    title: "a freezer that is warm for ten minutes",
    text: (name) => `flows:
  ${name}:
    title: Freezer is warm
    enabled: false
    nodes:
      warm:
        type: threshold
        series: "devices/freezer/state#temperature"
        above: -15
        for: 10m
        clearBelow: -17
      alert:
        type: alert
        severity: warning
        title: "Freezer is at {{value}} °C"
    wires:
      - warm.yes -> alert.raise
      - warm.no -> alert.clear
`,
  },
  {
    id: "silent",
    title: "a device that is silent for an hour",
    text: (name) => `flows:
  ${name}:
    title: A device is silent
    enabled: false
    nodes:
      silent:
        type: inactive
        topic: "devices/+/state"
        for: 1h
      alert:
        type: alert
        severity: warning
        title: "{{deviceName}} is silent"
    wires:
      - silent.inactive -> alert.raise
      - silent.active -> alert.clear
`,
  },
  {
    id: "button",
    title: "a button, and what it was pressed with",
    text: (name) => `flows:
  ${name}:
    title: A button
    enabled: false
    nodes:
      press:
        type: button
      seen:
        type: debug
    wires:
      - press -> seen
`,
  },
];

/** What the empty page shows to try: one line, which works with what the two lines after it publish. */
export const FIRST_WORKFLOW =
  'flows: { freezer-warm: { nodes: { warm: { type: threshold, series: "devices/freezer/state#temperature", above: -15 }, ' +
  'alert: { type: alert, title: "Freezer is at {{value}} °C" } }, wires: [warm.yes -> alert.raise, warm.no -> alert.clear] } }';
