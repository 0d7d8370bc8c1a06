/** The workflow of the how-to about a freezer, where it is day: at night it sends no mail. */
export function freezerWorkflow(now: Date): string {
  const isDayInBerlin = now.getUTCHours() >= 6 && now.getUTCHours() < 21;
  return `flows:
  freezer-warm:
    title: The freezer is too warm
    nodes:
      warm: { type: threshold, series: "devices/freezer/state#temperature", above: -15, for: 10m, clearBelow: -17 }
      alert: { type: alert, severity: warning, title: "Freezer is at {{value}} °C" }
      night: { type: schedule, allow: "07:00-23:00", timeZone: ${isDayInBerlin ? "Europe/Berlin" : "Australia/Sydney"} }
      mail: { type: email, to: [you@example.org], subject: "{{alert.title}}" }
    wires:
      - warm.yes -> alert.raise
      - warm.no -> alert.clear
      - alert -> night
      - night.inside -> mail
`;
}

/** An alert for each room that is damp. */
export const DAMP = `flows:
  damp:
    nodes:
      damp: { type: threshold, series: "devices/+/state#humidity", above: 70 }
      alert: { type: alert, severity: info, title: "{{deviceName}}: humidity {{value}} %" }
    wires: [damp.yes -> alert.raise, damp.no -> alert.clear]
`;

/** An alert for each battery that is low. */
export const LOW = `flows:
  battery-low:
    nodes:
      low: { type: threshold, series: "devices/+/state#battery", below: 15, clearAbove: 30 }
      alert: { type: alert, severity: info, title: "{{deviceName}}: battery {{value}} %" }
    wires: [low.yes -> alert.raise, low.no -> alert.clear]
`;
