// A switch or quantity that saves itself must not look saved when saving failed: it goes back to what the server last took.
const saves = ({ elt, requestConfig }) => elt instanceof HTMLInputElement && requestConfig?.verb !== "get";
const show = (input) => input.dispatchEvent(new Event("headgate:restored", { bubbles: true }));

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (!detail.successful || !saves(detail)) return;
  detail.elt.defaultValue = detail.elt.value;
  detail.elt.defaultChecked = detail.elt.checked;
});

// Returns what puts the refused value in again, for a retry.
export function takeBack(detail) {
  const input = detail.elt;
  if (!saves(detail)) return () => {};
  const { value, checked } = input;
  if (input.type === "checkbox") input.checked = input.defaultChecked;
  else input.value = input.defaultValue;
  show(input);
  return () => {
    input.value = value;
    input.checked = checked;
    show(input);
  };
}
