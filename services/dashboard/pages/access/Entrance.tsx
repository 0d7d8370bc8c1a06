import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { api, RequestError, session } from "../api.ts";
import { Copyable } from "../parts/Copyable.tsx";
import { ErrorNote } from "../parts/Notes.tsx";
import { Mark } from "../shell/TopLine.tsx";

const PASSWORD_LENGTH_MIN = 10;
const SHOW_CODE = `docker compose logs dashboard | grep "the code"
grep "the code" data/logs/dashboard.log    # without Docker`;

interface EntranceProps {
  title: string;
  intro: ComponentChildren;
  action: string;
  enter: (fields: FormData) => Promise<unknown>;
  children: ComponentChildren;
}

/** A form before the pages. The address stays, so that one is then where one wanted to be. */
function Entrance({ title, intro, action, enter, children }: EntranceProps) {
  const [problem, setProblem] = useState<RequestError | null>(null);
  const [isBusy, setIsBusy] = useState(false);
  const submit = async (form: HTMLFormElement): Promise<void> => {
    setIsBusy(true);
    try {
      await enter(new FormData(form));
      session.value = await api.session();
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      setProblem(error);
      form.querySelector<HTMLInputElement>("input[type=password]")?.select();
    } finally {
      setIsBusy(false);
    }
  };
  return (
    <main class="entrance">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit(event.currentTarget);
        }}
      >
        <p class="brand">
          <Mark />
          Weir
        </p>
        <h1>{title}</h1>
        {intro}
        {children}
        {problem === null ? null : <ErrorNote problem={problem} />}
        <button type="submit" class="main" disabled={isBusy}>
          {action}
        </button>
      </form>
    </main>
  );
}

/** For who has a user. */
export function SignIn() {
  return (
    <Entrance
      title="Sign in"
      intro={null}
      action="Sign in"
      enter={(fields) =>
        api.signIn({ name: text(fields, "name"), password: text(fields, "password") })
      }
    >
      <label class="field">
        Name
        <input name="name" autocomplete="username" autocapitalize="none" required autofocus />
      </label>
      <label class="field">
        Password
        <input name="password" type="password" autocomplete="current-password" required />
      </label>
    </Entrance>
  );
}

/** For the first user, who knows the code in the log. */
export function Setup() {
  return (
    <Entrance
      title="Make the first user"
      intro={
        <>
          <p>
            The log of the dashboard shows a one-time code. It proves that this server is yours.
          </p>
          <Copyable text={SHOW_CODE} label="Commands that show the code" />
        </>
      }
      action="Make the user and sign in"
      enter={(fields) =>
        api.setUp({
          code: text(fields, "code").trim(),
          name: text(fields, "name"),
          password: text(fields, "password"),
        })
      }
    >
      <label class="field">
        One-time code
        <input name="code" autocomplete="one-time-code" autocapitalize="none" required autofocus />
      </label>
      <label class="field">
        Name
        <input name="name" autocomplete="username" autocapitalize="none" required />
        <span class="hint">Letters, digits, dots, underscores or hyphens.</span>
      </label>
      <NewPassword />
    </Entrance>
  );
}

/** A password that is set. */
export function NewPassword({ label = "Password" }: { label?: string }) {
  return (
    <label class="field">
      {label}
      <input
        name="password"
        type="password"
        autocomplete="new-password"
        minLength={PASSWORD_LENGTH_MIN}
        required
      />
      <span class="hint">{`${PASSWORD_LENGTH_MIN} characters or more.`}</span>
    </label>
  );
}

/** A field of a form as text. */
export function text(fields: FormData, name: string): string {
  const value = fields.get(name);
  return typeof value === "string" ? value : "";
}
