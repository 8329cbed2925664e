import { useEffect, useMemo, useRef } from "preact/hooks";
import { PasswordField, TextField } from "../chat/entrance/field.tsx";
import { Form } from "../chat/entrance/form.ts";
import { FormProblem, useIsWaiting } from "../chat/entrance/form_problem.tsx";
import { missing, problemOf, wrongName } from "../chat/entrance/problem.ts";
import { Brand, Icon } from "../chat/icons.tsx";
import type { App } from "./app.ts";

/** What somebody sees who is not signed in. */
export function SignIn({ app, notice }: { app: App; notice: string | undefined }) {
  const form = useMemo(() => new Form(), []);
  const element = useRef<HTMLFormElement>(null);
  const { problem, isBusy } = form;
  const isWaiting = useIsWaiting(problem);
  useEffect(() => {
    const field = problem === undefined ? "name" : problem.field;
    if (field !== undefined) document.getElementById(field)?.focus();
  }, [problem]);

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (element.current === null) return;
    const data = new FormData(element.current);
    const name = String(data.get("username") ?? "").trim();
    const password = String(data.get("password") ?? "");
    void form.submit(
      wrongName(name) ?? missing("password", password),
      () => app.signIn(name, password),
      (thrown) => problemOf(thrown, "sign in"),
    );
  };

  return (
    <main class="entrance">
      <div class="card">
        <div class="brand">
          <Brand />
          Hubbub monitor
        </div>
        <h1>Sign in</h1>
        <p class="soft">For accounts with the role monitor or admin.</p>
        {notice !== undefined && (
          <p class="notice" role="status">
            <Icon name="alert" />
            {notice}
          </p>
        )}
        <form ref={element} onSubmit={submit} noValidate>
          <TextField
            id="name"
            name="username"
            label="Name"
            autocomplete="username"
            error={form.errorOf("name")}
          />
          <PasswordField
            id="password"
            name="password"
            label="Password"
            autocomplete="current-password"
            error={form.errorOf("password")}
          />
          <FormProblem problem={problem} />
          <button class="button main" type="submit" disabled={isBusy || isWaiting}>
            {isBusy ? "One moment…" : "Sign in"}
          </button>
        </form>
      </div>
    </main>
  );
}
