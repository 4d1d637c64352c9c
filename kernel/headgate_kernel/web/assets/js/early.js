// Runs before the first paint: a reader's theme and text size must not flicker in after the page is drawn.
import { applyPreferences } from "./preferences-store.js";

applyPreferences();
