// Small habits of forms: [data-auto-submit] sends its form when a choice changes, [data-print] prints, and after a form came
// back refused the first field in error gets the focus.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-auto-submit]")) event.target.form?.requestSubmit();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

function showFirstError(root) {
  root.querySelector?.("[aria-invalid=true]")?.focus();
}

showFirstError(document);
document.addEventListener("htmx:load", (event) => event.target !== document.body && showFirstError(event.target));
