import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { AccountDialog } from "./account/account_dialog.tsx";
import type { App } from "./app.ts";
import { Stage } from "./channel/stage.tsx";
import type { Chat } from "./chat.ts";
import { ConnectionBanner } from "./connection/banner.tsx";
import { BrowseDialog } from "./sidebar/browse_dialog.tsx";
import { Sidebar } from "./sidebar/sidebar.tsx";

/** The chat of somebody who is signed in: the list of channels, and one of them. */
export function ChatView({ app, chat }: { app: App; chat: Chat }) {
  const isDrawerOpen = useSignal(false);
  const dialog = useSignal<"none" | "browse" | "account">("none");
  const route = chat.navigation.route.value;
  // Whoever has chosen a channel wants to see it.
  useEffect(() => {
    isDrawerOpen.value = false;
  }, [route]);
  useEffect(() => {
    const close = (event: KeyboardEvent) => {
      if (event.key === "Escape" && dialog.value === "none") isDrawerOpen.value = false;
    };
    // Where there is room for both there is no drawer, and nothing beneath it.
    const narrow = matchMedia("(max-width: 720px)");
    const widen = () => {
      if (!narrow.matches) isDrawerOpen.value = false;
    };
    document.addEventListener("keydown", close);
    narrow.addEventListener("change", widen);
    return () => {
      document.removeEventListener("keydown", close);
      narrow.removeEventListener("change", widen);
    };
  }, []);
  const show = (which: "browse" | "account") => {
    isDrawerOpen.value = false;
    dialog.value = which;
  };
  const close = () => {
    dialog.value = "none";
  };

  return (
    <div class={isDrawerOpen.value ? "chat drawer-open" : "chat"}>
      <Sidebar chat={chat} isOpen={isDrawerOpen} show={show} />
      <div class="backdrop" onClick={() => (isDrawerOpen.value = false)} aria-hidden="true" />
      <main class="stage" inert={isDrawerOpen.value}>
        <ConnectionBanner link={chat.link} />
        <Stage
          chat={chat}
          openDrawer={() => (isDrawerOpen.value = true)}
          browse={() => show("browse")}
        />
      </main>
      {dialog.value === "browse" && <BrowseDialog chat={chat} close={close} />}
      {dialog.value === "account" && <AccountDialog app={app} chat={chat} close={close} />}
    </div>
  );
}
