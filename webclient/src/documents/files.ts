/** Files before and after: what may be shared, sizes in words, what can be shown in the page. */
import { languageTag, usePreferences } from "../state/preferences";

/** The most bytes of one document. */
export const MAX_SIZE = 200 * 1024 * 1024;

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

/** "214 ko", "3,2 Mo"; "214 kB" in English. */
export function sizeWords(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return new Intl.NumberFormat(languageTag(usePreferences.getState().locale), {
    style: "unit",
    unit: UNITS[power] ?? "byte",
    unitDisplay: power === 0 ? "long" : "short",
    maximumFractionDigits: value < 10 && power > 1 ? 1 : 0,
  }).format(value);
}

export type Kind = "image" | "pdf" | "text" | "sound" | "film" | "sheet" | "other";

const SHOWN_IMAGES = new Set(["image/jpeg", "image/png", "image/webp", "image/gif", "image/avif"]);

/** What a document is, by its media type: which icon it has and how it is shown. */
export function kindOf(mediaType: string): Kind {
  const type = mediaType.toLowerCase().split(";")[0] ?? "";
  if (SHOWN_IMAGES.has(type)) return "image";
  if (type === "application/pdf") return "pdf";
  if (type === "text/plain") return "text";
  if (type.startsWith("audio/")) return "sound";
  if (type.startsWith("video/")) return "film";
  if (/spreadsheet|ms-excel|csv/.test(type)) return "sheet";
  return "other";
}

const BY_ENDING: Readonly<Record<string, string>> = {
  pdf: "application/pdf",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  png: "image/png",
  webp: "image/webp",
  heic: "image/heic",
  heif: "image/heic",
  txt: "text/plain",
  csv: "text/csv",
  doc: "application/msword",
  docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  xls: "application/vnd.ms-excel",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  odt: "application/vnd.oasis.opendocument.text",
  ods: "application/vnd.oasis.opendocument.spreadsheet",
};

/** A file's media type: the browser's word, else by the end of its name. */
export function mediaTypeOf(file: { name: string; type: string }): string {
  if (file.type !== "") return file.type;
  return BY_ENDING[file.name.split(".").at(-1)?.toLowerCase() ?? ""] ?? "application/octet-stream";
}

/** Saves bytes as a file of the reader's. */
export function save(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
