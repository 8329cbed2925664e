import { readBody, type Token } from "./tokens.ts";

interface Props {
  readonly body: string;
  readonly id: string;
  /** Whether a long text is shown in full; where nothing can be done about that, leave it out. */
  readonly isExpanded?: boolean;
  readonly onToggle?: () => void;
}

/** A message's text: text nodes and a few elements, so that nothing in it can be markup. */
export function Body({ body, id, isExpanded = false, onToggle }: Props) {
  const { tokens, isEmojiAlone, isLong } = readBody(body);
  const isCut = isLong && !isExpanded;
  const kind = isEmojiAlone ? "message-text emoji" : isCut ? "message-text cut" : "message-text";
  return (
    <>
      {/* Its direction is that of its first strong letter, line by line, and nothing gets out of it. */}
      <div class={kind} id={id} dir="auto">
        {tokens.map(node)}
      </div>
      {isLong && onToggle && (
        <button
          type="button"
          class="link-button message-more"
          aria-expanded={isExpanded}
          onClick={onToggle}
        >
          {isExpanded ? "Show less" : "Show the whole message"}
        </button>
      )}
    </>
  );
}

function node(token: Token) {
  switch (token.kind) {
    case "text":
      return token.text;
    case "code":
      return <code dir="auto">{token.text}</code>;
    case "block":
      return (
        <pre dir="ltr">
          <code>{token.text}</code>
        </pre>
      );
    case "link":
      // An address reads from left to right, whatever it stands in.
      return (
        <a href={token.href} dir="ltr" target="_blank" rel="noopener noreferrer nofollow">
          {token.text}
        </a>
      );
  }
}
