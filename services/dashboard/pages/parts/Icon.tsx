const PATHS = {
  overview: "M3.5 11.5 12 4l8.5 7.5M6 9.5V20h4.5v-5h3v5H18V9.5",
  devices: "M7 3.5h10v17H7zM10.5 17.5h3",
  series: "M3.5 17l4.5-6 4 3.5 4-8 4.5 6",
  workflows: "M4 4.5h6v5H4zM14 14.5h6v5h-6zM10 7h7v7.5M7 9.5V17h7",
  alerts: "M6.5 16.5V11a5.5 5.5 0 0 1 11 0v5.5l1.5 1.5H5zM10 20.5h4",
  system: "M4 6.5h16M4 12h16M4 17.5h16M8 5v3M15 10.5v3M11 16v3",
  search: "M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM15.5 15.5 20.5 20.5",
  sun: "M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4",
  moon: "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z",
  user: "M12 4.5a3.75 3.75 0 1 1 0 7.5 3.75 3.75 0 0 1 0-7.5zM4.5 20c.8-3.4 3.9-5 7.5-5s6.7 1.6 7.5 5",
  check: "M5 12.5l4.5 4.5L19 7.5",
  attention: "M12 4 21 19.5H3zM12 10v4M12 16.6v.4",
  problem: "M8 3.5h8l4.5 4.5v8L16 20.5H8L3.5 16V8zM12 8v5M12 15.8v.4",
  copy: "M9 9h10.5v10.5H9zM15 9V4.5H4.5V15H9",
  close: "M6 6l12 12M18 6 6 18",
  chevron: "M9 5.5 15.5 12 9 18.5",
  download: "M12 4v11M7 10.5l5 5 5-5M4.5 20h15",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  pause: "M9 5.5v13M15 5.5v13",
  play: "M8 5.5v13l10.5-6.5z",
  undo: "M8 5 3.5 9.5 8 14M3.5 9.5h10a6 5 0 0 1 0 10H9",
  redo: "M16 5l4.5 4.5L16 14M20.5 9.5h-10a6 5 0 0 0 0 10H15",
  fit: "M4.5 9V4.5H9M15 4.5h4.5V9M19.5 15v4.5H15M9 19.5H4.5V15",
  trash: "M4.5 7h15M9.5 7V4.5h5V7M6.5 7l1 12.5h9l1-12.5M10 10.5v6M14 10.5v6",
} as const;

export type IconName = keyof typeof PATHS;

/** A picture of a line, in the colour of the text; words beside it say what it means. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
