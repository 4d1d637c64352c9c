// Search while typing, in Chinese too: pinyin that an input method is still composing must not be sent as a query.
document.addEventListener(
  "input",
  (event) => {
    if (event.isComposing) event.stopImmediatePropagation();
  },
  true,
);
document.addEventListener("compositionend", (event) => {
  event.target.dispatchEvent(new Event("input", { bubbles: true }));
});

// "/" goes to the page's search box, as in most tools that clerks already use
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, select")) return;
  const box = document.querySelector("input[type=search]");
  if (!box) return;
  event.preventDefault();
  box.focus();
});
