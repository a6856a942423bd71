/** Finding people of the network. */
import type { DirectoryRow } from "../../core/types.gen";
import { matches } from "../../words/lists";
import { roleName } from "../../words/roles";

/** Who works for the network: a person who is cared for, and their relatives, are in nobody's directory. */
export const ofTheNetwork = (known: readonly DirectoryRow[]): DirectoryRow[] => known.filter((row) => row.kind === "PROFESSIONAL" || row.kind === "VOLUNTEER");

/** Those whose name, role or organisation has every word typed, of a role if one is given. */
export function found(members: readonly DirectoryRow[], typed: string, role: string | undefined): DirectoryRow[] {
  return members.filter((row) => (role === undefined || row.role === role) && matches(`${row.name} ${row.organisation ?? ""} ${roleName(row.role)}`, typed));
}

/** Roles that somebody has, alphabetical in the reader's language. */
export function rolesOf(members: readonly DirectoryRow[]): string[] {
  return [...new Set(members.map((row) => row.role))].toSorted((a, b) => roleName(a).localeCompare(roleName(b), "fr"));
}
