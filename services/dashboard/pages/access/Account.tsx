import { useState } from "preact/hooks";
import { api, RequestError, session } from "../api.ts";
import { ErrorNote } from "../parts/Notes.tsx";
import { Page } from "../shell/Page.tsx";
import { NewPassword, text } from "./Entrance.tsx";
import { Tokens } from "./Tokens.tsx";
import { Users } from "./Users.tsx";

/** The own password; for operators, users and tokens too. */
export function Account() {
  const user = session.value?.user;
  return (
    <Page title="Account">
      <div class="account">
        <Password name={user?.name ?? ""} />
        {user?.role === "operator" ? (
          <>
            <Users own={user.name} />
            <Tokens />
          </>
        ) : null}
      </div>
    </Page>
  );
}

function Password({ name }: { name: string }) {
  const [problem, setProblem] = useState<RequestError | null>(null);
  const [isDone, setIsDone] = useState(false);
  const change = async (form: HTMLFormElement): Promise<void> => {
    const fields = new FormData(form);
    setProblem(null);
    setIsDone(false);
    try {
      await api.changePassword({
        current: text(fields, "current"),
        password: text(fields, "password"),
      });
      // Other sessions have ended; this one has another token against forged requests.
      session.value = await api.session();
      form.reset();
      setIsDone(true);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      setProblem(error);
    }
  };
  return (
    <section aria-labelledby="password-title">
      <h2 id="password-title">Password</h2>
      <p class="quiet">Changing it signs out your other browsers.</p>
      <form
        class="row-form"
        onSubmit={(event) => {
          event.preventDefault();
          void change(event.currentTarget);
        }}
      >
        <input type="text" name="name" value={name} autocomplete="username" hidden readOnly />
        <label class="field">
          Current password
          <input name="current" type="password" autocomplete="current-password" required />
        </label>
        <NewPassword label="New password" />
        <button type="submit" class="plain">
          Change the password
        </button>
      </form>
      {problem === null ? null : <ErrorNote problem={problem} />}
      <p role="status">{isDone ? "The password is changed." : ""}</p>
    </section>
  );
}
