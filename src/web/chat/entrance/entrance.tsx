import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { App } from "../app.ts";
import { Brand, Icon } from "../icons.tsx";
import { PasswordField, TextField } from "./field.tsx";
import { Form } from "./form.ts";
import { FormProblem, useIsWaiting } from "./form_problem.tsx";
import { missing, problemOf, wrongName, wrongNewPassword } from "./problem.ts";

type Way = "sign in" | "register";

const words = {
  "sign in": { title: "Sign in", other: "Create an account", question: "New here?" },
  register: { title: "Create account", other: "Sign in", question: "Have an account?" },
} as const;

/** What somebody sees who is not signed in. */
export function Entrance({ app, notice }: { app: App; notice: string | undefined }) {
  const [way, setWay] = useState<Way>("sign in");
  const { title, other, question } = words[way];
  return (
    <main class="entrance">
      <div class="card">
        <div class="brand">
          <Brand />
          Hubbub
        </div>
        <h1>{title}</h1>
        {notice !== undefined && (
          <p class="notice" role="status">
            <Icon name="alert" />
            {notice}
          </p>
        )}
        <AccountForm key={way} app={app} way={way} />
        <p class="other-way">
          {question}{" "}
          <button
            class="link-button"
            type="button"
            onClick={() => setWay(way === "sign in" ? "register" : "sign in")}
          >
            {other}
          </button>
        </p>
      </div>
    </main>
  );
}

function AccountForm({ app, way }: { app: App; way: Way }) {
  const form = useMemo(() => new Form(), []);
  const element = useRef<HTMLFormElement>(null);
  const { problem, isBusy } = form;
  const isWaiting = useIsWaiting(problem);
  useEffect(() => {
    element.current?.querySelector("input")?.focus();
  }, []);
  useEffect(() => {
    if (problem?.field !== undefined) document.getElementById(problem.field)?.focus();
  }, [problem]);

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (element.current === null) return;
    const data = new FormData(element.current);
    const name = String(data.get("username") ?? "").trim();
    const password = String(data.get("password") ?? "");
    const isNew = way === "register";
    const wrong =
      wrongName(name) ??
      (isNew ? wrongNewPassword("password", password) : missing("password", password));
    void form.submit(
      wrong,
      () => (isNew ? app.register(name, password) : app.signIn(name, password)),
      (thrown) => problemOf(thrown, way),
    );
  };

  return (
    <form ref={element} onSubmit={submit} noValidate>
      <TextField
        id="name"
        name="username"
        label="Name"
        autocomplete="username"
        error={form.errorOf("name")}
        {...(way === "register" ? { hint: "3 to 32 letters, digits, _, - and dots." } : {})}
      />
      <PasswordField
        id="password"
        name="password"
        label="Password"
        autocomplete={way === "register" ? "new-password" : "current-password"}
        error={form.errorOf("password")}
        {...(way === "register" ? { hint: "8 characters at least. Three words do well." } : {})}
      />
      <FormProblem problem={problem} />
      <button class="button main" type="submit" disabled={isBusy || isWaiting}>
        {isBusy ? "One moment…" : words[way].title}
      </button>
    </form>
  );
}
