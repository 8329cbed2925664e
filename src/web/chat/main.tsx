import { render } from "preact";
import { App } from "./app.ts";
import { AppView } from "./app_view.tsx";

const place = document.getElementById("page");
if (place === null) throw new Error("web/chat: the page has no place for the chat");
const app = new App();
render(<AppView app={app} />, place);
void app.start();
