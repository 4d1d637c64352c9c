// The web shell's script: htmx and the few habits that every page shares. Nothing here knows a page.
import htmx from "htmx.org";
import "./preferences.js";
import "./confirm.js";
import "./submit-once.js";
import "./toasts.js";
import "./failures.js";
import "./waiting.js";
import "./dialogs.js";
import "./stepper.js";
import "./search.js";
import "./inbox.js";
import "./badges.js";
import "./copy.js";
import "./forms.js";
import "./passkeys.js";

window.htmx = htmx;
