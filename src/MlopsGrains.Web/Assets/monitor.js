import { api, fill, toast, tables } from "./shell.js";

const main = document.getElementById("main");
let asked = 0;

/** The same page for another address: the parts that it has are put in the place of those that are there. */
async function swap(address, { remember } = {}) {
  const mine = ++asked, focused = document.activeElement, strip = focused?.matches("[data-strip]"), feature = focused?.closest("[data-feature]")?.dataset.feature;
  const answer = await fetch(address);
  if (mine !== asked) return;
  if (!answer.ok || answer.redirected) { location.href = address; return; }
  if (remember) history.pushState(null, "", address);
  const next = new DOMParser().parseFromString(await answer.text(), "text/html"), found = main.querySelector("[data-filter]")?.value;
  const fresh = next.querySelector(".mo"), old = main.querySelector(".mo");
  for (const part of main.querySelectorAll("[data-part]")) {
    const other = next.querySelector(`[data-part="${part.dataset.part}"]`);
    if (other) { fill(part, other); part.className = other.className; if (other.ariaLabel) part.ariaLabel = other.ariaLabel; }
  }
  if (fresh && old) Object.assign(old.dataset, fresh.dataset); else if (Boolean(fresh) !== Boolean(old)) { location.reload(); return; }
  const filter = main.querySelector("[data-filter]");
  if (filter && found) { filter.value = found; sift(); }
  if (strip) main.querySelector("[data-strip]")?.focus({ preventScroll: true });
  else if (feature !== undefined) main.querySelector(`[data-feature="${CSS.escape(feature)}"] a`)?.focus({ preventScroll: true });
}

let pending = null;
async function go(window) {
  pending = Number(window);
  const to = new URL(location.href);
  if (String(window) === main.querySelector(".mo").dataset.newest) to.searchParams.delete("w"); else to.searchParams.set("w", window);
  await swap(to.pathname + to.search, { remember: true });
  if (pending === Number(window)) pending = null;
}
/** Keys may come faster than pages. */
function step(by) {
  const here = main.querySelector(".mo").dataset, to = (pending ?? Number(here.window)) + by;
  if (to >= Number(here.oldest) && to <= Number(here.newest)) go(to);
}

main.addEventListener("click", e => {
  const bar = e.target.closest("[data-w]"), link = e.target.closest("a[data-swap], a[data-step]");
  if (bar) { main.querySelector("[data-strip]").focus(); go(bar.dataset.w); }
  if (!link || e.ctrlKey || e.metaKey || e.shiftKey) return;
  e.preventDefault();
  if (!link.matches("[aria-disabled]")) swap(link.getAttribute("href"), { remember: true });
});
addEventListener("popstate", () => swap(location.pathname + location.search));
addEventListener("keydown", e => {
  if (!main.querySelector("[data-strip]") || e.ctrlKey || e.metaKey || e.altKey || e.target.closest("input, textarea, select, .tabs") || document.querySelector("dialog[open]")) return;
  const strip = main.querySelector("[data-strip]"), to = { ArrowLeft: () => step(-1), ArrowRight: () => step(1), Home: () => go(strip.getAttribute("aria-valuemin")), End: () => go(strip.getAttribute("aria-valuemax")) }[e.key];
  if (!to || (["Home", "End"].includes(e.key) && e.target !== strip)) return;
  e.preventDefault();
  to();
});

function sift() {
  const text = main.querySelector("[data-filter]").value.toLowerCase();
  for (const row of main.querySelectorAll("tr[data-feature]")) row.hidden = !row.dataset.feature.toLowerCase().includes(text);
}
main.addEventListener("input", e => { if (e.target.matches("[data-filter]")) sift(); });

// The newest window goes on by itself, unless somebody points at it or has chosen another.
if (main.querySelector("[data-part]")) setInterval(() => {
  if (!document.hidden && !new URLSearchParams(location.search).has("w") && !main.querySelector("section:hover") && !main.contains(document.activeElement?.closest("input, textarea")) && !main.querySelector("[data-rules]")) swap(location.pathname + location.search);
}, 10000);

// Rules: what is empty is left out of the address, and saving is a call of the API.
const form = document.querySelector("[data-rules]");
form?.addEventListener("formdata", e => { for (const [key, value] of [...e.formData]) if (value === "" || (key === "referenceDigest" && value.trim() === form.dataset.digest)) e.formData.delete(key); });
function tell(name, text) {
  const place = form.querySelector(`[data-fault="${name}"]`), field = form.elements[name];
  place.textContent = text ?? "";
  place.hidden = !text;
  if (field) { if (text) { field.setAttribute("aria-invalid", "true"); field.focus(); } else field.removeAttribute("aria-invalid"); }
}
form?.querySelector("[data-do=save-rules]").addEventListener("click", async e => {
  const button = e.target.closest("button"), value = name => form.elements[name].value.trim(), names = ["referenceDigest", "windowRows", "windowSeconds", "alpha", "effectFloor", "raiseAfter", "pipeline", "features"];
  for (const name of [...names, ""]) tell(name);
  const number = name => value(name) === "" || Number.isNaN(Number(value(name))) ? value(name) || null : Number(value(name));
  const features = form.elements.features.value.split("\n").map(f => f.trim()).filter(Boolean);
  const rules = { referenceDigest: value("referenceDigest"), features: features.length ? features : null, windowRows: number("windowRows"), windowSeconds: number("windowSeconds") ?? undefined, alpha: number("alpha") ?? undefined, effectFloor: number("effectFloor") ?? undefined, raiseAfter: number("raiseAfter") ?? undefined, pipeline: value("pipeline") || null };
  button.disabled = true;
  try {
    const saved = await (await api(`/api/v1/monitors/${encodeURIComponent(form.dataset.monitor)}`, { method: "PUT", body: rules })).json();
    toast(`The rules are saved; a new window begins (generation ${saved.generation})`, { href: `/monitors/${encodeURIComponent(form.dataset.monitor)}` });
    history.replaceState(null, "", location.pathname);
  } catch (error) {
    const field = (error.field ?? "").replace(/\[.*/, "");
    tell(names.includes(field) ? field : "", error.message);
  } finally { button.disabled = false; }
});

// T: the tables behind the charts.
tables(main);
