/** How a browser becomes a device of somebody: of a persona of the demonstration, or of a new account. */
import { ask, call } from "../../core/client";
import { CoreError } from "../../core/errors";

/** A persona of the demonstration, as GET /demo/personas lists them. */
export interface Persona {
  readonly key: string;
  readonly name: string;
  readonly role: string;
  readonly line: string;
  readonly line_en: string;
}

/** The first label of KEY.localhost; undefined elsewhere. */
export function personaKey(hostname: string): string | undefined {
  return /^([a-z0-9-]+)\.localhost$/.exec(hostname)?.[1];
}

/** The persona of this origin; undefined where there is no demonstration or nobody of that name. */
export async function findPersona(hostname: string, get: typeof fetch = fetch): Promise<Persona | undefined> {
  const key = personaKey(hostname);
  if (key === undefined) return undefined;
  const answer = await reach(() => get("/demo/personas", { headers: { accept: "application/json" } }));
  if (!answer.ok) return undefined;
  return ((await answer.json()) as Persona[]).find((persona) => persona.key === key);
}

/** Set by signing out, for this tab: one does not come back without wanting to. */
const LEFT = "ensemble.left";

export const leftOnPurpose = (): boolean => sessionStorage.getItem(LEFT) !== null;
export const noteLeaving = (): void => sessionStorage.setItem(LEFT, "1");
export const forgetLeaving = (): void => sessionStorage.removeItem(LEFT);

export type Step = "keys" | "link" | "open";

/** Makes keys, has the persona's first device certify them, and opens the account. */
export async function arrive(persona: Persona, on: (step: Step) => void): Promise<void> {
  on("keys");
  const device = await ask("device.new", { user: "" });
  on("link");
  const answer = await reach(() =>
    fetch("/demo/link", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ persona: persona.key, ...device }),
    }),
  );
  if (!answer.ok) {
    const { code } = (await answer.json()) as { code?: string };
    throw new CoreError({ code: code ?? "unavailable" });
  }
  const { user } = (await answer.json()) as { user: string };
  on("open");
  await call("device.adopt", { user });
}

async function reach(get: () => Promise<Response>): Promise<Response> {
  try {
    return await get();
  } catch {
    throw new CoreError({ code: "unavailable" });
  }
}
