// What every page has: theme and density, the palette, keys, toasts, copying, signing out. Everything else is the page's own.
import { go } from "./palette.js";

const html = document.documentElement;
const choices = { theme: ["system", "light", "dark"], density: ["normal", "compact", "roomy"], side: ["open", "folded"] };
const chosen = name => html.dataset[name] || choices[name][0];

/** Remembered in this browser; the server reads it, so that a page comes in the right colours at once. */
export function choose(name, value) {
  const usual = value === choices[name][0];
  if (usual) delete html.dataset[name]; else html.dataset[name] = value;
  document.cookie = `mlops-${name}=${usual ? "" : value}; path=/; max-age=${usual ? 0 : 31536000}; samesite=lax`;
  show();
  dispatchEvent(new CustomEvent("mlops:look"));
}

function next(name) {
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
  if (name === "theme") return choose(name, (html.dataset.theme || (isDark ? "dark" : "light")) === "dark" ? "light" : "dark");
  const all = choices[name];
  choose(name, all[(all.indexOf(chosen(name)) + 1) % all.length]);
}

function show() {
  document.querySelectorAll("[data-shows]").forEach(e => e.textContent = chosen(e.dataset.shows));
}

/** Says what was done; with an undo, for ten seconds. */
export function toast(text, { undo, bad, href } = {}) {
  const box = document.createElement("div");
  box.className = "toast";
  const icon = document.querySelector(".i use").cloneNode();
  icon.setAttribute("href", icon.getAttribute("href").replace(/#.*/, bad ? "#i-st-bad" : "#i-st-ok"));
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "i");
  svg.append(icon);
  const mark = document.createElement("span");
  mark.className = "st " + (bad ? "bad" : "ok");
  mark.append(svg);
  const words = href ? Object.assign(document.createElement("a"), { href, textContent: text }) : Object.assign(document.createElement("span"), { textContent: text });
  words.classList.add("grow");
  box.append(mark, words);
  const end = () => box.remove();
  if (undo) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "btn small quiet", textContent: "Undo" });
    button.onclick = () => { end(); undo(); };
    box.append(button);
  }
  document.getElementById("toasts")?.append(box);
  setTimeout(end, bad ? 20000 : 10000);
}

/** Loads the page again and says then what was done; an undo is calls of the API, as api() takes them. */
export function reloadSaying(text, undo, to) {
  sessionStorage.setItem("mlops-said", JSON.stringify({ text, undo }));
  if (to) location.href = to; else location.reload();
}
function sayAfterLoad() {
  const said = JSON.parse(sessionStorage.getItem("mlops-said") ?? "null");
  sessionStorage.removeItem("mlops-said");
  if (said) toast(said.text, { undo: said.undo && (async () => { try { for (const [path, call] of said.undo) await api(path, call); reloadSaying("Undone"); } catch (error) { refused(error); } }) });
}

/** Says why something was not done. */
export const refused = error => toast(error.message, { bad: true });

/** Calls the public API. A change carries the session's token; a refusal is thrown in the API's words. */
export async function api(path, { method = "GET", body, headers = {} } = {}) {
  const token = /(?:^|; )mlops-token=([^;]+)/.exec(document.cookie)?.[1];
  const answer = await fetch(path, {
    method,
    headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...(method !== "GET" && token ? { "X-Mlops-Token": token } : {}), ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (answer.status === 401) { location.href = "/sign-in?return=" + encodeURIComponent(location.pathname + location.search); throw new Error("signed out"); }
  if (!answer.ok) {
    const said = await answer.json().catch(() => null);
    throw Object.assign(new Error(said?.detail || said?.message || said?.error || `HTTP ${answer.status}`), { status: answer.status, field: said?.field, position: said?.position, length: said?.length });
  }
  return answer;
}

/** Puts a part of a page into the place of an older one, if it says something else; what was opened stays open. */
export function fill(part, fresh) {
  const open = [...part.querySelectorAll("details")].map(d => d.open);
  [...fresh.querySelectorAll("details")].forEach((d, i) => d.open = open[i] ?? false);
  if (fresh.innerHTML !== part.innerHTML) part.innerHTML = fresh.innerHTML;
}

/** The key T opens and closes the tables behind the charts of a page. */
export function tables(within) {
  addEventListener("keydown", e => {
    if (e.key !== "t" || e.ctrlKey || e.metaKey || e.altKey || typing(e) || letters?.checked === false || document.querySelector("dialog[open]")) return;
    const all = [...within.querySelectorAll("details.data")], open = all.some(d => !d.open);
    all.forEach(d => d.open = open);
  });
}

/** Deletes or restores what is at a path of the API. */
export const setAside = (path, act) => act === "delete" ? api(path, { method: "DELETE" }) : api(path + "/restore", { method: "POST" });

/** Events of the API; the sidebar says whether they come. */
export function follow(path) {
  const live = document.querySelector("[data-live]"), stream = new EventSource(path);
  const tell = (state, text) => { live.hidden = false; live.dataset.live = state; live.textContent = text; };
  stream.onopen = () => tell("on", "live");
  stream.onerror = () => tell("stale", "as of " + new Date().toLocaleTimeString("en-GB"));
  return stream;
}

export async function copy(text, said = "Copied") {
  try { await navigator.clipboard.writeText(text); toast(said); }
  catch { toast("The browser did not let us copy.", { bad: true }); }
}

async function signOut(everywhere) {
  await api("/api/v1/session" + (everywhere ? "s" : ""), { method: "DELETE" });
  location.href = "/sign-in";
}

const acts = {
  palette: () => openPalette(),
  theme: () => next("theme"),
  density: () => next("density"),
  side: () => next("side"),
  keys: () => document.getElementById("keys").showModal(),
  close: from => from.closest("dialog").close(),
  drawer: () => document.getElementById("side").classList.toggle("open"),
  "copy-link": () => copy(location.href, "Link copied"),
  "sign-out": () => signOut(false),
  "sign-out-everywhere": () => signOut(true),
};

addEventListener("click", e => {
  const from = e.target.closest?.("[data-do], [data-copy]");
  if (from?.dataset.copy !== undefined) copy(from.dataset.copy);
  else if (from) acts[from.dataset.do]?.(from);
  if (e.target instanceof HTMLDialogElement && e.target.open) e.target.close();
  if (!e.target.closest?.("#side, [data-do=drawer]")) document.getElementById("side")?.classList.remove("open");
});

// Keys: single letters never act in fields, and can be switched off.
const letters = document.querySelector("[data-choice=letters]");
if (letters) {
  letters.checked = localStorage.getItem("mlops-letters") !== "off";
  letters.onchange = () => localStorage.setItem("mlops-letters", letters.checked ? "on" : "off");
}
const typing = e => e.target.closest?.("input:not([type=checkbox]):not([type=range]), textarea, select, [contenteditable]");
let goes = false;
addEventListener("keydown", e => {
  if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "k") { e.preventDefault(); return openPalette(); }
  if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey) return;
  if (e.key === "Escape" && typing(e) && !e.target.closest("dialog")) return e.target.blur();
  if (typing(e) || document.querySelector("dialog[open]") || letters?.checked === false) return;
  const key = e.key;
  if (goes) {
    goes = false;
    const link = document.querySelector(`[data-go="${CSS.escape(key.toUpperCase())}"]`);
    if (link) { e.preventDefault(); location.href = link.href; }
    return;
  }
  if (key === "g") goes = true;
  else if (key === "?") acts.keys();
  else if (key === "[") acts.side();
  else if (key === "y") acts["copy-link"]();
  else if (key === "/") { const field = document.querySelector("[data-find]"); if (field) { e.preventDefault(); field.focus(); field.select?.(); } }
});

const palette = document.getElementById("palette");
function openPalette() {
  if (!palette || palette.open) return;
  palette.showModal();
  go(palette, acts);
}

show();
sayAfterLoad();

// Links that MLflow's clients print: /#/experiments/1/runs/abc
function lead() {
  const hash = location.hash;
  if (!hash.startsWith("#/")) return;
  const [path, query] = hash.slice(1).split("?");
  const part = path.split("/").filter(Boolean);
  const runs = new URLSearchParams(query || "").get("runs");
  const to = part[0] === "experiments" && part[2] === "runs" && part[3] ? `/runs/${part[3]}`
    : part[0] === "experiments" && part[1] ? `/experiments/${part[1]}/runs`
    : part[0] === "models" && part[1] ? `/models/${part[1]}${part[3] ? "/" + part[3] : ""}`
    : part[0]?.startsWith("compare-runs") && runs ? `/compare?runs=${encodeURIComponent(runs.replace(/[[\]"\s]/g, ""))}`
    : part[0]?.startsWith("compare-experiments") || part[0] === "experiments" ? "/experiments" : null;
  if (to) location.replace(to);
}
lead();
addEventListener("hashchange", lead);
