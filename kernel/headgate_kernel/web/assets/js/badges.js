// Counts in the navigation: the server sends HX-Trigger: {"badge": {"href": "/mall/cart", "text": "3"}} and every face of it changes.
document.addEventListener("badge", ({ detail }) => {
  for (const badge of document.querySelectorAll(`[data-badge="${CSS.escape(detail.href)}"]`)) {
    badge.textContent = detail.text ?? "";
    badge.hidden = !detail.text;
  }
});
