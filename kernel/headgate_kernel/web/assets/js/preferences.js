// Buttons that change the look: [data-prefer="theme:dark"] sets a value, and pressing it again goes back to the system's.
import { readPreference, writePreference } from "./preferences-store.js";

function showState() {
  for (const button of document.querySelectorAll("[data-prefer]")) {
    const [name, value] = button.dataset.prefer.split(":");
    button.setAttribute("aria-pressed", String(readPreference(name) === value));
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-prefer]");
  if (!button) return;
  const [name, value] = button.dataset.prefer.split(":");
  writePreference(name, readPreference(name) === value ? "" : value);
  showState();
});

showState();
document.addEventListener("htmx:load", showState);
