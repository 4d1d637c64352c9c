// Quantities by thumb: the buttons of [data-stepper] move its input by its step and keep it within min and max.
function count(text) {
  return (text.split(".")[1] ?? "").length;
}

function move(input, direction) {
  const step = Number(input.step) || 1;
  const least = Number(input.min) || 0;
  const most = input.max === "" ? Infinity : Number(input.max);
  const digits = Math.max(count(input.step), count(input.min));
  const now = Number(input.value) || 0;
  let next = direction > 0 ? Math.floor(now / step + 1e-9) * step + step : Math.ceil(now / step - 1e-9) * step - step;
  if (direction > 0 && next < least) next = least;
  if (direction < 0 && next < least) next = 0; // below the minimum there is only "none"
  write(input, Math.min(Math.max(next, 0), most).toFixed(digits));
}

function write(input, value) {
  if (input.value === value) return;
  input.value = value;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

function showState(input) {
  const box = input.closest?.("[data-stepper]");
  if (!box) return;
  box.classList.toggle("is-zero", Number(input.value || 0) === 0);
  const most = input.max === "" ? Infinity : Number(input.max);
  box.querySelector("[data-step='1']").disabled = Number(input.value || 0) >= most;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-step]");
  const input = button?.closest("[data-stepper]")?.querySelector("input");
  if (input) move(input, Number(button.dataset.step));
});
for (const name of ["change", "headgate:restored"]) document.addEventListener(name, (event) => showState(event.target));
document.addEventListener("focusin", (event) => event.target.matches("[data-stepper] input") && event.target.select());

const showAll = (root) => root.querySelectorAll?.("[data-stepper] input").forEach(showState);
showAll(document);
document.addEventListener("htmx:load", (event) => showAll(event.target));
