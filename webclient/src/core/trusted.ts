/**
 * The one Trusted Types policy of the page. It makes URLs of Workers, and only of
 * our own files; nothing else in the interface may become code.
 */
interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL: (url: string) => string },
  ): { createScriptURL: (url: string) => string };
}

function own(url: string): string {
  const { origin, pathname } = new URL(url, location.href);
  if (origin !== location.origin) throw new TypeError("a Worker from elsewhere");
  return pathname + new URL(url, location.href).search;
}

let policy: { createScriptURL: (url: string) => string } | undefined;

/** The URL of a file of ours, as `new Worker` wants it under Trusted Types. */
export function workerURL(url: string): string {
  policy ??= (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy("ensemble", { createScriptURL: own }) ?? {
    createScriptURL: own,
  };
  return policy.createScriptURL(url);
}
