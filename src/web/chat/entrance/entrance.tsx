import { useSignal } from "@preact/signals";
import type { App } from "../app.ts";
import { Brand } from "../icons.tsx";
import { Register } from "./register.tsx";
import { SignIn } from "./sign_in.tsx";

/** What somebody sees who is not signed in. */
export function Entrance({ app, notice }: { app: App; notice: string | undefined }) {
  const isNew = useSignal(false);
  return (
    <main class="entrance">
      <div class="card">
        <div class="brand">
          <Brand />
          Hubbub
        </div>
        {isNew.value ? (
          <Register app={app}>
            <OtherWay
              question="Have an account?"
              answer="Sign in"
              go={() => (isNew.value = false)}
            />
          </Register>
        ) : (
          <SignIn app={app} notice={notice}>
            <OtherWay
              question="New here?"
              answer="Create an account"
              go={() => (isNew.value = true)}
            />
          </SignIn>
        )}
      </div>
    </main>
  );
}

function OtherWay({ question, answer, go }: { question: string; answer: string; go: () => void }) {
  return (
    <p class="other-way">
      {question}{" "}
      <button class="link-button" type="button" onClick={go}>
        {answer}
      </button>
    </p>
  );
}
