// One press, one order: a form that is on its way ignores a second submit until its answer (or the page) is back.
const sent = new WeakSet();

function buttons(form) {
  return form.querySelectorAll("button:not([type=button]), input[type=submit]");
}

function hold(form) {
  sent.add(form);
  form.setAttribute("aria-busy", "true");
  for (const button of buttons(form)) button.setAttribute("aria-disabled", "true");
}

function release(form) {
  sent.delete(form);
  form.removeAttribute("aria-busy");
  for (const button of buttons(form)) button.removeAttribute("aria-disabled");
}

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (sent.has(form)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  },
  true,
);

document.addEventListener("submit", (event) => {
  const form = event.target;
  const leavesPage = !event.defaultPrevented && form.method !== "dialog";
  if (leavesPage) hold(form);
});

document.addEventListener("htmx:beforeSend", ({ detail }) => detail.elt instanceof HTMLFormElement && hold(detail.elt));
document.addEventListener("htmx:afterRequest", ({ detail }) => detail.elt instanceof HTMLFormElement && release(detail.elt));
window.addEventListener("pageshow", () => document.querySelectorAll("form[aria-busy]").forEach(release));
