// Opening and closing: dialogs ([data-open="id"], [data-close]), menus (details.menu) and the navigation drawer.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  if (opener) {
    document.getElementById(opener.dataset.open)?.showModal();
    return;
  }
  if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
  if (event.target instanceof HTMLDialogElement) event.target.close(); // a click on the backdrop
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

const drawer = () => document.getElementById("drawer");
const toggle = () => document.querySelector("[data-drawer]");

function setDrawer(open) {
  drawer()?.classList.toggle("is-open", open);
  toggle()?.setAttribute("aria-expanded", String(open));
  if (open) drawer()?.querySelector("a")?.focus();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-drawer]")) setDrawer(!drawer()?.classList.contains("is-open"));
  else if (!event.target.closest("#drawer .side-panel")) setDrawer(false);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !drawer()?.classList.contains("is-open")) return;
  setDrawer(false);
  toggle()?.focus();
});
