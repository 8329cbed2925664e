import { useSignal } from "@preact/signals";
import type { CookieSignIn } from "../../../client/cookie_sign_in.ts";
import { PasswordField } from "../entrance/field.tsx";
import { FormProblem } from "../entrance/form_problem.tsx";
import { missing, problemOf, wrongNewPassword } from "../entrance/problem.ts";
import { takeFields, useForm } from "../entrance/use_form.ts";
import { Icon } from "../icons.tsx";

/** Sets another password. The account's other sessions end by it; this one goes on. */
export function PasswordForm({ credentials, name }: { credentials: CookieSignIn; name: string }) {
  const { form, problem, isBusy, isHeld } = useForm();
  const isDone = useSignal(false);

  const submit = async (event: SubmitEvent) => {
    const element = event.currentTarget as HTMLFormElement;
    const { current = "", next = "" } = takeFields(event);
    isDone.value = false;
    const isChanged = await form.submit(
      missing("current", current) ?? wrongNewPassword("next", next),
      () => credentials.changePassword(current, next),
      (thrown) => problemOf(thrown, "password"),
    );
    if (!isChanged) return;
    isDone.value = true;
    element.reset();
  };

  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      {/* For password managers, which want to know whose password it is. */}
      <input
        class="unseen"
        type="text"
        autocomplete="username"
        value={name}
        readOnly
        tabIndex={-1}
        aria-hidden="true"
      />
      <PasswordField
        id="current"
        name="current"
        label="Current password"
        autocomplete="current-password"
        error={form.errorOf("current")}
      />
      <PasswordField
        id="next"
        name="next"
        label="New password"
        autocomplete="new-password"
        error={form.errorOf("next")}
        hint="8 characters at least. Your other sessions end."
      />
      <FormProblem problem={problem} />
      <p class={isDone.value ? "notice good" : "unseen"} role="status">
        {isDone.value && (
          <>
            <Icon name="check" />
            The password is changed, and your other sessions have ended.
          </>
        )}
      </p>
      <div class="row">
        <button class="button" type="submit" disabled={isHeld}>
          {isBusy ? "One moment…" : "Change password"}
        </button>
      </div>
    </form>
  );
}
