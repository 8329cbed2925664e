/** Imported with `{ type: "file" }`: the file's path, also in a compiled program. */
declare module "swagger-ui-dist/*" {
  const path: string;
  export default path;
}
