declare module "*/page.css" {
  /** Its text. */
  const style: string;
  export default style;
}
