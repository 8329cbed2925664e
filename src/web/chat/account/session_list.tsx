import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { CookieSignIn } from "../../../client/cookie_sign_in.ts";
import { asHubbubError } from "../../../client/errors.ts";
import { endSession, listSessions, type SessionInfo } from "../../../client/sessions.ts";
import { Icon } from "../icons.tsx";
import { deviceName } from "./device_name.ts";

const when = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** The account's sessions, each to be ended. */
export function SessionList({ credentials }: { credentials: CookieSignIn }) {
  const sessions = useSignal<readonly SessionInfo[] | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  const attempt = async (work: (accessToken: string) => Promise<void>) => {
    problem.value = undefined;
    try {
      const { accessToken } = await credentials.renew(undefined);
      await work(accessToken);
      sessions.value = await listSessions(location.origin, accessToken);
    } catch (thrown) {
      problem.value = asHubbubError(thrown).text;
    }
  };
  useEffect(() => void attempt(async () => {}), []);

  return (
    <>
      {problem.value !== undefined && (
        <p class="notice danger" role="alert">
          <Icon name="alert" />
          {problem.value}
        </p>
      )}
      {sessions.value === undefined && problem.value === undefined && <p class="soft">Loading…</p>}
      <ul class={sessions.value?.length ? "rows" : ""}>
        {sessions.value?.map(({ id, label, usedMs, isCurrent }) => (
          <li key={id}>
            <div class="what">
              <div>{deviceName(label)}</div>
              <div class="more">{isCurrent ? "This browser" : `Used ${when.format(usedMs)}`}</div>
            </div>
            {!isCurrent && (
              <button
                class="button small"
                type="button"
                aria-label={`End the session of ${deviceName(label)}`}
                onClick={() => void attempt((token) => endSession(location.origin, token, id))}
              >
                End
              </button>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
