/** Class names that apply, as one attribute. */
export function cx(...names: Array<string | false | undefined>): string {
  return names.filter((name) => name !== false && name !== undefined).join(" ");
}
