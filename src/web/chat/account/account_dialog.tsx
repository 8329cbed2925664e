import { useSignal } from "@preact/signals";
import type { App } from "../app.ts";
import type { Chat } from "../chat.ts";
import { Dialog } from "../dialog.tsx";
import { Icon } from "../icons.tsx";
import { counted } from "../words.ts";
import { PasswordForm } from "./password_form.tsx";
import { SessionList } from "./session_list.tsx";

interface AccountProps {
  readonly app: App;
  readonly chat: Chat;
  readonly close: () => void;
}

/** What somebody can do about the own account. */
export function AccountDialog({ app, chat, close }: AccountProps) {
  return (
    <Dialog title={chat.user.name} close={close}>
      <section aria-labelledby="sign-ins">
        <h3 id="sign-ins">Where you are signed in</h3>
        <SessionList credentials={app.credentials} />
      </section>
      <section aria-labelledby="change-password">
        <h3 id="change-password">Change password</h3>
        <PasswordForm credentials={app.credentials} name={chat.user.name} />
      </section>
      <section aria-label="Sign out">
        <SignOut app={app} chat={chat} />
      </section>
    </Dialog>
  );
}

function SignOut({ app, chat }: { app: App; chat: Chat }) {
  const isAsking = useSignal(false);
  const isBusy = useSignal(false);
  const signOut = () => {
    if (chat.client.unsent.length > 0 && !isAsking.value) {
      isAsking.value = true;
      return;
    }
    isBusy.value = true;
    void app.signOut(chat);
  };
  return (
    <>
      {isAsking.value && (
        <p class="notice warning" role="alert">
          <Icon name="alert" />
          {counted(chat.client.unsent.length, "message")} not sent yet would be lost.
        </p>
      )}
      <div class="row">
        <button class="button danger" type="button" disabled={isBusy.value} onClick={signOut}>
          {isAsking.value ? "Sign out all the same" : "Sign out"}
        </button>
      </div>
    </>
  );
}
