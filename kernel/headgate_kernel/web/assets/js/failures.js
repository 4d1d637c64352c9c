// What a person is told when a request fails: the server's own words if it sent some, else what the status means.
import htmx from "htmx.org";
import { toast } from "./toasts.js";
import { takeBack } from "./unsaved.js";
import { words } from "./words.js";

const BY_STATUS = { 401: "signin", 403: "forbidden", 404: "missing", 409: "conflict", 413: "large", 429: "busy" };

function serverWords(xhr) {
  const type = xhr.getResponseHeader("Content-Type") ?? "";
  if (type.includes("json")) {
    try {
      const said = JSON.parse(xhr.responseText);
      return said.message ?? said.detail ?? "";
    } catch {
      return "";
    }
  }
  if (!type.includes("html")) return "";
  const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
  return page.querySelector("[data-error-text]")?.textContent.trim() ?? "";
}

function again(detail, resume) {
  const { verb, path, parameters } = detail.requestConfig;
  return () => {
    resume();
    htmx.ajax(verb, path, { source: detail.elt, target: detail.target, values: parameters });
  };
}

document.addEventListener("htmx:responseError", ({ detail }) => {
  const { xhr } = detail;
  const resume = takeBack(detail);
  if ((xhr.getResponseHeader("HX-Trigger") ?? "").includes("toast")) return; // htmx shows that one
  const status = BY_STATUS[xhr.status] ?? (xhr.status >= 500 ? "broken" : "refused");
  const canRepeat = detail.requestConfig.verb === "get" && (xhr.status >= 500 || xhr.status === 429);
  toast("stop", serverWords(xhr) || words(status), { retry: canRepeat ? again(detail, resume) : undefined });
});

for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, ({ detail }) => {
    toast("stop", words(navigator.onLine ? "unreachable" : "offline"), { retry: again(detail, takeBack(detail)) });
  });
}

window.addEventListener("offline", () => toast("wait", words("offline")));
window.addEventListener("online", () => toast("ok", words("online")));
