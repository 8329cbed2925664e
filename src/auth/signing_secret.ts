import { join } from "node:path";
import { keyFile } from "./key_file.ts";

/**
 * The secret that signs access tokens: kept in `signing.key` beside the data, and made there on
 * first start.
 *
 * @throws StoreFileError where the file is open to others than its owner, damaged, or cannot be
 * read or made.
 */
export function signingSecret(dataFolder: string): Promise<string> {
  return keyFile(join(dataFolder, "signing.key"), {
    name: "the signing secret",
    ifSeen: "delete it, and a new one is made at the next start.",
    ifDamaged: "Delete it; a new one is made at the next start.",
    // What HS256 asks for (RFC 7518, section 3.2): operators may have put one of their own there.
    leastCharacters: 32,
  });
}
