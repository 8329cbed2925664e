import type { ComponentChildren } from "preact";
import { Icon } from "../icons.tsx";

interface HeaderProps {
  readonly title: string;
  readonly openDrawer: () => void;
  readonly children?: ComponentChildren;
}

/** The head of what is shown: its name, and on narrow screens the way to the channels. */
export function StageHeader({ title, openDrawer, children }: HeaderProps) {
  return (
    <header class="stage-header">
      <button
        class="icon-button only-narrow"
        type="button"
        aria-label="Show the list of channels"
        onClick={openDrawer}
      >
        <Icon name="menu" />
      </button>
      <div class="stage-title">{title}</div>
      {children}
    </header>
  );
}

/** Words in the middle, where no channel is to be shown. */
export function Bare({ title, openDrawer, children }: HeaderProps) {
  return (
    <>
      <StageHeader title={title} openDrawer={openDrawer} />
      <div class="bare">{children}</div>
    </>
  );
}
