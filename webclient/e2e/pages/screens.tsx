/**
 * Any screen with invented views in place of the core: ?scene=NAME&theme=&locale=.
 * A scene says which path is open and what the views hold (../scenes).
 */
import "../../src/tokens/base.css";
import { createRoot } from "react-dom/client";
import { App } from "../../src/app/App";
import { startRouter } from "../../src/app/router";
import { applyPreferences, prefer, type Locale, type Preferences } from "../../src/state/preferences";
import { SCENES } from "../scenes";
import { playScene } from "../scenes/play";

const query = new URLSearchParams(location.search);
const name = query.get("scene") ?? "home";
const scene = SCENES[name];
if (scene === undefined) throw new Error(`no scene ${name}; there are ${Object.keys(SCENES).join(", ")}`);
playScene(scene);
applyPreferences();
prefer({
  locale: (query.get("locale") ?? "fr") as Locale,
  theme: (query.get("theme") ?? "light") as Preferences["theme"],
  text: (query.get("text") ?? "normal") as Preferences["text"],
});
history.replaceState(null, "", scene.path);
startRouter();
const root = document.getElementById("root");
if (root === null) throw new Error("no #root");
createRoot(root).render(<App />);
