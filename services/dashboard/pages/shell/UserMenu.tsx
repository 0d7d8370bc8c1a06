import { api, session } from "../api.ts";
import { Icon } from "../parts/Icon.tsx";
import { forgetLoaded } from "../parts/loaded.ts";
import { browserZone, chosenZone, format, THEMES, theme } from "../preferences.ts";
import { isHelpOpen } from "./shortcuts.ts";

const MENU = "user-menu";

function closeMenu(): void {
  document.getElementById(MENU)?.hidePopover();
}

async function signOut(): Promise<void> {
  closeMenu();
  try {
    await api.signOut();
  } finally {
    forgetLoaded();
    session.value = await api.session();
  }
}

/** Who is signed in; zone, theme, users, help. */
export function UserMenu() {
  const user = session.value?.user;
  if (user == null) return null;
  return (
    <div class="user">
      <button type="button" class="user-button" popovertarget={MENU}>
        <Icon name="user" />
        <span>{user.name}</span>
        <span class="zone" title={`Times are of ${format.value.zone}`}>
          {format.value.zone.split("/").at(-1)?.replaceAll("_", " ")}
        </span>
      </button>
      <div id={MENU} popover="auto" class="menu">
        <p class="who">
          <strong>{user.name}</strong>
          <span>{user.role}</span>
        </p>
        <ZoneChoice />
        <ThemeChoice />
        <nav aria-label="Account">
          <a href="/account" onClick={closeMenu}>
            {user.role === "operator" ? "Password, users and tokens" : "Password"}
          </a>
          <button
            type="button"
            onClick={() => {
              closeMenu();
              isHelpOpen.value = true;
            }}
          >
            Keyboard and help <kbd>?</kbd>
          </button>
          <button type="button" onClick={() => void signOut()}>
            Sign out
          </button>
        </nav>
      </div>
    </div>
  );
}

function ZoneChoice() {
  const zones = Intl.supportedValuesOf("timeZone");
  return (
    <label class="field">
      Time zone
      <select
        value={chosenZone.value ?? ""}
        onChange={({ currentTarget: { value } }) => {
          chosenZone.value = value === "" ? null : value;
        }}
      >
        <option value="">{`This browser's (${browserZone})`}</option>
        {zones.includes("UTC") ? null : <option value="UTC">UTC</option>}
        {zones.map((zone) => (
          <option key={zone} value={zone}>
            {zone}
          </option>
        ))}
      </select>
    </label>
  );
}

function ThemeChoice() {
  return (
    <fieldset class="field">
      <legend>Theme</legend>
      <div class="choice">
        {THEMES.map((name) => (
          <label key={name}>
            <input
              type="radio"
              name="theme"
              value={name}
              checked={theme.value === name}
              onChange={() => {
                theme.value = name;
              }}
            />
            <span>{name}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
