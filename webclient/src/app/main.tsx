/** Where the interface begins. */
import "../tokens/base.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { core } from "../core/client";
import { applyPreferences } from "../state/preferences";
import { App } from "./App";
import { startRouter } from "./router";

applyPreferences();
startRouter();
core(); // begins at once: the download is the longest part

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
