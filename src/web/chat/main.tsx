import { signal } from "@preact/signals";
import { render } from "preact";

const what = signal("chat");

function Page() {
  return (
    <main>
      <h1>{what}</h1>
    </main>
  );
}

const place = document.getElementById("page");
if (place) render(<Page />, place);
