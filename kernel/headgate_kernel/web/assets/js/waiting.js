// A wait is shown only when it is felt: the target becomes a skeleton after 300 ms, and after 3 s the seconds are counted.
import { words } from "./words.js";

const running = new Map();

function begin({ detail }) {
  const { xhr, target } = detail;
  if (running.has(xhr)) return;
  const entry = { target, started: Date.now() };
  entry.skeleton = setTimeout(() => {
    target.classList.add("is-waiting");
    target.setAttribute("aria-busy", "true");
  }, 300);
  entry.count = setTimeout(() => {
    showSeconds(entry);
    entry.tick = setInterval(() => showSeconds(entry), 1000);
  }, 3000);
  running.set(xhr, entry);
}

function end({ detail }) {
  const entry = running.get(detail.xhr);
  if (!entry) return;
  running.delete(detail.xhr);
  clearTimeout(entry.skeleton);
  clearTimeout(entry.count);
  clearInterval(entry.tick);
  entry.target.classList.remove("is-waiting");
  entry.target.removeAttribute("aria-busy");
  if (!running.size) document.getElementById("waiting")?.setAttribute("hidden", "");
}

function showSeconds(entry) {
  const bar = document.getElementById("waiting");
  if (!bar) return;
  bar.hidden = false;
  bar.querySelector("span").textContent = words("waiting", { n: Math.round((Date.now() - entry.started) / 1000) });
}

document.addEventListener("htmx:beforeSend", begin);
document.addEventListener("htmx:afterRequest", end);
