// Forms that need a passkey: [data-passkey=make|use] with [data-options], the address of what the device is asked. The
// device's answer goes into the form's hidden `passkey` field, then the form is sent as any other.
// On a sign-in page ([data-offer]) the browser also offers passkeys beside the login field, where it can.

const RENEW = 240_000; // what the device is asked counts for five minutes
let offer;

const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (character) => character.charCodeAt(0));

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const named = (list = []) => list.map((one) => ({ ...one, id: bytes(one.id) }));

async function ask(form) {
  const answer = await fetch(form.dataset.options, { method: "POST", headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  const options = await answer.json();
  options.challenge = bytes(options.challenge);
  if (options.user) options.user.id = bytes(options.user.id);
  if (options.excludeCredentials) options.excludeCredentials = named(options.excludeCredentials);
  if (options.allowCredentials) options.allowCredentials = named(options.allowCredentials);
  return options;
}

function written(credential) {
  const { response } = credential;
  const told = { clientDataJSON: text(response.clientDataJSON) };
  if (response.attestationObject) {
    told.attestationObject = text(response.attestationObject);
    told.transports = response.getTransports?.() ?? [];
  } else {
    told.authenticatorData = text(response.authenticatorData);
    told.signature = text(response.signature);
    if (response.userHandle?.byteLength) told.userHandle = text(response.userHandle);
  }
  return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response: told });
}

function say(form, words) {
  const place = form.querySelector("[data-passkey-problem]");
  place.hidden = !words;
  place.querySelector("p").textContent = words ?? "";
}

function send(form, credential) {
  form.elements.passkey.value = written(credential);
  form.requestSubmit();
}

async function run(form) {
  offer?.abort();
  say(form);
  form.setAttribute("aria-busy", "true");
  try {
    const publicKey = await ask(form);
    const make = form.dataset.passkey === "make";
    const credential = await (make ? navigator.credentials.create({ publicKey }) : navigator.credentials.get({ publicKey }));
    send(form, credential);
  } catch (error) {
    const known = { NotAllowedError: "cancelled", AbortError: "cancelled", InvalidStateError: "known" };
    say(form, form.dataset[known[error.name] ?? "failed"] ?? form.dataset.failed);
  } finally {
    form.removeAttribute("aria-busy");
  }
}

async function offerBeside(form) {
  const login = document.querySelector("input[autocomplete~=username]");
  if (!login || !(await window.PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  login.autocomplete = "username webauthn";
  const renewal = new AbortController();
  offer = renewal;
  const again = setTimeout(() => (renewal.abort(), offerBeside(form)), RENEW);
  try {
    const publicKey = await ask(form);
    send(form, await navigator.credentials.get({ publicKey, mediation: "conditional", signal: renewal.signal }));
  } catch {
    // nobody chose one, or the button was pressed instead
  } finally {
    if (offer !== renewal || renewal.signal.aborted) clearTimeout(again);
  }
}

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (!form.matches("[data-passkey]") || form.elements.passkey.value) return;
    event.preventDefault();
    event.stopPropagation();
    if (form.getAttribute("aria-busy") !== "true") run(form);
  },
  true,
);

if (window.PublicKeyCredential && window.isSecureContext) {
  for (const form of document.querySelectorAll("form[data-passkey]")) form.hidden = false;
  for (const note of document.querySelectorAll("[data-passkey-none]")) note.hidden = true;
  const form = document.querySelector("form[data-passkey][data-offer]");
  if (form) offerBeside(form);
}
// a page that comes back from the browser's memory still holds the answer that was sent
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-passkey]")) form.elements.passkey.value = "";
});
