// The translated sentences that scripts say: the layout renders them as data attributes of #words.
export function words(name, values = {}) {
  const sentence = document.getElementById("words")?.dataset[name] ?? "";
  return sentence.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? values[key] : whole));
}
