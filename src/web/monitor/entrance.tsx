import { SignIn } from "../chat/entrance/sign_in.tsx";
import { Brand } from "../chat/icons.tsx";
import type { App } from "./app.ts";

/** What somebody sees who is not signed in. */
export function Entrance({ app, notice }: { app: App; notice: string | undefined }) {
  return (
    <main class="entrance">
      <div class="card">
        <div class="brand">
          <Brand />
          Hubbub monitor
        </div>
        <SignIn
          app={app}
          notice={notice}
          intro={<p class="soft">For accounts with the role monitor or admin.</p>}
        />
      </div>
    </main>
  );
}
