/** Where a screen's "who" goes: the right panel, or a sheet when there is no room. */
import { createContext } from "react";

export interface Panel {
  /** The panel's element; null when it has no room. */
  readonly slot: HTMLElement | null;
  /** The screen has something to say about who. */
  readonly setUsed: (used: boolean) => void;
}

export const PanelContext = createContext<Panel>({ slot: null, setUsed: () => undefined });
