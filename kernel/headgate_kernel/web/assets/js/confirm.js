// Asks before what cannot be taken back, in the page's own dialog: hx-confirm="…" for htmx, data-confirm="…" for plain forms.
const dialog = () => document.getElementById("confirm");

export function ask(question) {
  const box = dialog();
  if (!box) return Promise.resolve(window.confirm(question));
  box.querySelector("[data-question]").textContent = question;
  box.returnValue = "";
  box.showModal();
  return new Promise((done) => box.addEventListener("close", () => done(box.returnValue === "yes"), { once: true }));
}

document.addEventListener("htmx:confirm", (event) => {
  if (!event.detail.question) return;
  event.preventDefault();
  ask(event.detail.question).then((yes) => yes && event.detail.issueRequest(true));
});

const agreed = new WeakSet();
document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    const question = event.submitter?.dataset.confirm ?? form.dataset.confirm;
    if (!question || agreed.delete(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    ask(question).then((yes) => {
      if (!yes) return;
      agreed.add(form);
      form.requestSubmit(event.submitter ?? undefined);
    });
  },
  true,
);
