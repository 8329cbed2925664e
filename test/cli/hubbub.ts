/** The two commands as `src/main.ts` calls them, without the rest of the program. */
import { parseArgs } from "node:util";
import { runChat } from "../../src/cli/chat.ts";
import { runInspect } from "../../src/cli/inspect.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: "string", default: "" },
    user: { type: "string" },
    register: { type: "boolean", default: false },
    as: { type: "string" },
  },
});
const [command, argument] = positionals;
const { url, user, register, as } = values;
if (command === "chat") {
  process.exitCode = await runChat(argument ?? "", { url, register, ...(user ? { user } : {}) });
} else {
  const kind = as === "client" || as === "server" ? { as } : {};
  process.exitCode = await runInspect(argument, kind as { as?: "client" | "server" });
}
