// Lists that are worked through by keyboard: in [data-inbox] j and k move, x selects, Enter opens, and a row's buttons answer
// to their data-key (a approves, r rejects). Ticked rows show the bar of bulk actions with their count.
const inbox = () => document.querySelector("[data-inbox]");
const rows = () => [...inbox().querySelectorAll("[data-row]")];
const current = () => inbox().querySelector("[data-row].is-current");

function go(delta) {
  const all = rows();
  if (!all.length) return;
  const from = all.indexOf(current());
  const row = all[Math.min(Math.max(from + delta, 0), all.length - 1)];
  all.forEach((other) => other.classList.toggle("is-current", other === row));
  (row.querySelector("a") ?? row).focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function press(key) {
  const row = current() ?? rows()[0];
  if (!row) return false;
  if (key === "x") row.querySelector("[data-pick]")?.click();
  else if (key === "Enter") row.querySelector("a")?.click();
  else {
    const button = row.querySelector(`[data-key="${CSS.escape(key)}"]`);
    button?.click();
    return Boolean(button);
  }
  return true;
}

document.addEventListener("keydown", (event) => {
  if (!inbox() || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.closest("input:not([type=checkbox]), textarea, select, button")) return;
  if (event.key === "Enter" && event.target.closest("a")) return;
  const handled = event.key === "j" ? (go(1), true) : event.key === "k" ? (go(-1), true) : press(event.key);
  if (handled) event.preventDefault();
});

function showPicked() {
  const list = inbox();
  if (!list) return;
  const picks = [...list.querySelectorAll("[data-pick]")];
  const picked = picks.filter((pick) => pick.checked);
  for (const pick of picks) pick.closest("[data-row]")?.classList.toggle("is-picked", pick.checked);
  for (const bar of document.querySelectorAll("[data-bulk]")) {
    bar.hidden = !picked.length;
    for (const count of bar.querySelectorAll("[data-count]")) count.textContent = picked.length;
  }
  const all = list.querySelector("[data-pick-all]");
  if (all) {
    all.checked = picks.length > 0 && picked.length === picks.length;
    all.indeterminate = picked.length > 0 && picked.length < picks.length;
  }
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-pick-all]")) {
    for (const pick of inbox().querySelectorAll("[data-pick]")) pick.checked = event.target.checked;
  }
  if (event.target.matches("[data-pick], [data-pick-all]")) showPicked();
});
document.addEventListener("htmx:load", showPicked);
