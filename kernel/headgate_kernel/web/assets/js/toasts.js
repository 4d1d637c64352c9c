// Short messages at the edge of the screen. The server sends one with the header HX-Trigger: {"toast": {"kind", "text"}}.
import { words } from "./words.js";

const STAY = { ok: 4000, info: 5000, wait: 8000, stop: 0 }; // an error stays until it is read

export function toast(kind, text, { retry } = {}) {
  const region = document.getElementById("toasts");
  if (!region || !text) return;
  for (const shown of region.children) if (shown.dataset.text === text) shown.remove();
  const box = document.createElement("div");
  box.className = `toast is-${kind}`;
  box.dataset.text = text;
  const line = document.createElement("p");
  line.textContent = text;
  box.append(line);
  if (retry) box.append(action(words("retry"), () => (box.remove(), retry())));
  box.append(action(words("close"), () => box.remove(), true));
  region.append(box);
  while (region.children.length > 3) region.firstElementChild.remove();
  if (STAY[kind]) setTimeout(() => box.remove(), STAY[kind]);
}

function action(label, run, quiet = false) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = quiet ? "toast-close" : "toast-action";
  button.textContent = quiet ? "×" : label;
  button.setAttribute("aria-label", label);
  button.addEventListener("click", run);
  return button;
}

document.addEventListener("toast", (event) => toast(event.detail.kind ?? "info", event.detail.text));
