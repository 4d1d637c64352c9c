// Theme and text size belong to the device, not to the account: the same person reads a shop's screen and a phone.
const KEYS = { theme: "headgate.theme", text: "headgate.text" };

export function readPreference(name) {
  try {
    return localStorage.getItem(KEYS[name]) ?? "";
  } catch {
    return ""; // storage is refused in some embedded browsers; the page then follows the system
  }
}

export function writePreference(name, value) {
  try {
    if (value) localStorage.setItem(KEYS[name], value);
    else localStorage.removeItem(KEYS[name]);
  } catch {
    // the choice still holds for this page
  }
  apply(name, value);
}

export function applyPreferences() {
  for (const name of Object.keys(KEYS)) apply(name, readPreference(name));
}

function apply(name, value) {
  if (value) document.documentElement.dataset[name] = value;
  else delete document.documentElement.dataset[name];
}
