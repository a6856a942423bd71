/**
 * A first look at a national health identity while it is typed, so that a slip is
 * seen beside the field. The core decides: it checks again and refuses.
 */
export type Look =
  | { readonly state: "none" }
  | { readonly state: "short"; readonly missing: number }
  | { readonly state: "long" }
  | { readonly state: "fits" }
  | { readonly state: "wrong" };

const LENGTH = 15;

/** Key = 97 − (the first 13 modulo 97); Corsica's 2A counts as 19, 2B as 18. */
export function lookAtINS(typed: string): Look {
  const ins = typed.replaceAll(/\s/gu, "").toUpperCase();
  if (ins === "") return { state: "none" };
  if (ins.length < LENGTH) return { state: "short", missing: LENGTH - ins.length };
  if (ins.length > LENGTH) return { state: "long" };
  const body = ins.slice(0, 5) + ins.slice(5, 7).replace("2A", "19").replace("2B", "18") + ins.slice(7, 13);
  const key = ins.slice(13);
  if (!/^\d{13}$/u.test(body) || !/^\d\d$/u.test(key)) return { state: "wrong" };
  return { state: BigInt(key) === 97n - (BigInt(body) % 97n) ? "fits" : "wrong" };
}
