/** What can stand beside the faces. */
export type PanelId = "agenda" | "people" | "chat" | "positions" | "minutes";

/** A place wide enough for a sheet beside the faces, in CSS. */
export const BESIDE = "(min-width: 900px)";
