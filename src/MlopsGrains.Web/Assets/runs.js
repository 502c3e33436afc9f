import { api, follow, refused, setAside, toast } from "./shell.js";
import { filterBar } from "./filter.js";
import { virtual } from "./rows.js";
import { both, cellMenu, copyAs } from "./cells.js";
import { chooser } from "./columns.js";

const place = document.querySelector("[data-table]"), bar = document.querySelector(".selbar"), form = document.querySelector("form[data-filter]");
const id = place?.dataset.experiment, root = `/experiments/${id}/runs`;
const Kinds = ["q", "sort", "cols", "base", "view", "side"], ChartedMax = 20, InAddressMax = 50, CompareMax = 50, BulkAtOnce = 8, SparkBuckets = 24;
const words = n => `${n.toLocaleString("en-US")} run${n === 1 ? "" : "s"}`;

// The view is what the address says; a script's own requests leave the selection out.
let view = new URLSearchParams([...new URLSearchParams(location.search)].filter(([k, v]) => Kinds.includes(k) && v));
let table, rows, at = -1, everything = false;

/** Selected runs: id → { name, slot: in charts or null }. */
const selected = new Map();

async function part(query, signal) {
  const answer = await fetch(`${root}/rows?${query}`, { headers: { Accept: "text/html" }, signal });
  if (answer.redirected) { location.reload(); throw new Error("signed out"); }
  const holder = document.createElement("template");
  holder.innerHTML = await answer.text();
  return { status: answer.status, holder: holder.content };
}

/** The same view with something changed; the address follows when the answer is there, and a filter that cannot be read changes nothing but its own field. */
let showing = 0;
async function show(change, { push = true, stay = false } = {}) {
  const turn = ++showing, next = new URLSearchParams(view);
  for (const [key, value] of Object.entries(change)) if (value) next.set(key, value); else next.delete(key);
  const sent = new URLSearchParams(next);
  // Columns stay as they are while the filter and the order change, also those that were proposed.
  if (!next.has("cols") && table && !("cols" in change)) sent.set("cols", table.dataset.cols);
  place.classList.add("busy");
  let answer;
  try { answer = await part(sent); }
  catch (error) { if (turn === showing) { place.classList.remove("busy"); refused(error); } return; }
  if (turn !== showing) return;
  place.classList.remove("busy");
  const wrong = answer.holder.querySelector("[data-fault]"), faults = document.querySelector("[data-fault-place]");
  faults.replaceChildren(...(wrong ? [wrong] : []));
  if (wrong) {
    wrong.querySelector("[data-kept]").hidden = !table;
    filter.tell({ position: wrong.dataset.position == null ? null : Number(wrong.dataset.position), length: Number(wrong.dataset.length ?? 0) });
    return;
  }
  filter.tell(null);
  view = next;
  const scrolled = place.scrollTop;
  place.replaceChildren(...answer.holder.childNodes);
  if (push) { const to = address(); if (to !== location.pathname + location.search) history.pushState(null, "", to); }
  adopt();
  if (stay) { place.scrollTop = scrolled; rows?.render(); } else place.scrollTop = 0;
  document.querySelector("[data-clear-filter]").hidden = !view.has("q");
  everything = false;
  fresh.clear();
  tellFresh();
  count();
}

/** The view and the selection. */
function address() {
  const to = new URLSearchParams(view), chosen = [...selected].slice(0, InAddressMax);
  if (chosen.length) to.set("sel", chosen.map(([run, { slot }]) => run.slice(0, 8) + (slot == null ? "" : ":" + slot)).join());
  const query = to.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  return root + (query ? "?" + query : "");
}
const keepSelection = () => history.replaceState(history.state, "", address());

function adopt() {
  rows?.dispose();
  table = place.querySelector("[data-runs]");
  rows = undefined;
  at = -1;
  const said = document.querySelector("[data-count]"), all = table ? Number(table.dataset.matching) : 0, of = Number(said.dataset.of);
  said.textContent = view.has("q") && of ? `${all.toLocaleString("en-US")} of ${of.toLocaleString("en-US")}` : all.toLocaleString("en-US");
  const shownColumns = document.querySelector("[data-column-count]");
  shownColumns.textContent = table ? table.dataset.cols.split(",").length : "";
  document.querySelectorAll("[data-export]").forEach(a => {
    const query = new URLSearchParams([...view].filter(([k]) => k === "q" || k === "sort" || k === "view"));
    query.set("format", a.dataset.export);
    if (a.dataset.whole === undefined && table) query.set("cols", table.dataset.cols);
    a.href = `${root}/export?${query}`;
  });
  if (!table) return;
  place.querySelector("[data-next]")?.remove();
  const cut = place.querySelector("[data-cut]");
  if (cut) cut.hidden = false;
  const { cols, scale, curves } = table.dataset;
  rows = virtual(place, table, {
    load: async (from, signal) => {
      const query = new URLSearchParams(view);
      query.set("cols", cols); query.set("scale", scale); query.set("skip", from);
      if (curves) query.set("curves", "1");
      const { holder } = await part(query, signal);
      return holder.querySelector("tbody");
    },
    shown: dress,
  });
}

/** Rows that came are given what the script knows of them. */
let sparks = 0;
function dress() {
  table?.querySelectorAll("tr[data-run]").forEach(mark);
  clearTimeout(sparks);
  if (table?.dataset.curves) sparks = setTimeout(draw, 150);
}
function mark(row) {
  const chosen = selected.get(row.dataset.run) ?? (everything ? { slot: null } : undefined), swatch = row.querySelector(".sw");
  if (chosen && !chosen.name) chosen.name = nameOf(row);
  row.setAttribute("aria-selected", String(!!chosen));
  row.querySelector(".check").checked = !!chosen;
  swatch.setAttribute("aria-pressed", String(chosen?.slot != null));
  swatch.className = "sw" + (chosen?.slot != null ? ` c${chosen.slot % 8}` : "");
  const curve = row.querySelector("[data-curve]");
  if (curve) curve.className = "curve" + (chosen?.slot != null ? ` c${chosen.slot % 8}` : "");
}

/** The metric that the table is sorted by, small, of the rows that are seen. */
async function draw() {
  const metric = table.dataset.curves, some = rows.inView().filter(r => !r.querySelector("[data-curve]").dataset.curve).slice(0, 60);
  if (!some.length) return;
  some.forEach(r => r.querySelector("[data-curve]").dataset.curve = "asked");
  try {
    const { curves } = await (await api("/api/v1/runs/curves", { method: "POST", body: { runIds: [...new Set(some.map(r => r.dataset.run))], keys: [metric], by: "step", buckets: SparkBuckets } })).json();
    const all = curves.flatMap(c => c.y), low = Math.min(...all), high = Math.max(...all);
    for (const curve of curves) {
      const width = 62, height = 14;
      if (curve.x.length < 2) continue;
      const end = Math.max(...curves.map(c => c.x.at(-1) ?? 0)), start = Math.min(...curves.map(c => c.x[0] ?? Infinity));
      const line = curve.x.map((x, i) => `${i ? "L" : "M"}${(end > start ? (x - start) / (end - start) * width : 0).toFixed(1)} ${(high > low ? height - (curve.y[i] - low) / (high - low) * height : height / 2).toFixed(1)}`).join("");
      for (const row of some.filter(r => r.dataset.run === curve.runId)) {
        const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), path = document.createElementNS("http://www.w3.org/2000/svg", "path");
        for (const [k, v] of [["class", "spark"], ["width", width], ["height", height], ["viewBox", `0 0 ${width} ${height}`], ["aria-hidden", "true"]]) svg.setAttribute(k, v);
        path.setAttribute("d", line);
        svg.append(path);
        row.querySelector("[data-curve]").replaceChildren(svg);
      }
    }
  } catch { some.forEach(r => delete r.querySelector("[data-curve]").dataset.curve); }
}

// Selection.
const nameOf = row => row.querySelector("a").title;
const total = () => everything ? Number(table?.dataset.matching ?? 0) : selected.size;
function freeSlot(run) {
  const taken = new Set([...selected.values()].map(s => s.slot).filter(s => s != null)), own = [...run].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) | 0, 17) & 7;
  for (let round = 0; ; round++) for (let step = 0; step < 8; step++) { const slot = round * 8 + (own + step) % 8; if (!taken.has(slot)) return slot; }
}
function choose(row, on) {
  const run = row.dataset.run;
  everything = false;
  if (!on) selected.delete(run);
  else if (!selected.has(run)) selected.set(run, { name: nameOf(row), slot: [...selected.values()].filter(s => s.slot != null).length < ChartedMax ? freeSlot(run) : null });
}
function chart(row) {
  const known = selected.get(row.dataset.run);
  if (!known) choose(row, true);
  else known.slot = known.slot == null ? freeSlot(row.dataset.run) : null;
}

function count() {
  const n = total(), several = n >= 2 && n <= CompareMax && !everything;
  table?.querySelectorAll("tr[data-run]").forEach(mark);
  bar.hidden = !n;
  bar.querySelector("[data-selected]").textContent = `${n.toLocaleString("en-US")} selected`;
  const compare = bar.querySelector("[data-compare]"), group = bar.querySelector("[data-group]"), all = bar.querySelector("[data-everything]"), base = bar.querySelector("[data-baseline]");
  compare.hidden = !several;
  compare.href = "/compare?" + new URLSearchParams({ runs: [...selected].map(([run, s]) => run + (s.slot == null ? "" : ":" + s.slot)).join() }).toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  base.hidden = n !== 1 || everything;
  bar.querySelector("[data-register]").hidden = base.hidden || view.get("view") === "deleted";
  const q = everything ? view.get("q") : `run_id IN (${[...selected.keys()].map(run => `'${run}'`).join()})`;
  group.hidden = n < 2 || (!everything && n > CompareMax);
  group.href = `/experiments/${id}/groups` + (q ? "?" + new URLSearchParams({ q }) : "");
  const head = table?.querySelector("input[data-all]"), loaded = rows?.loaded() ?? [];
  if (head) { head.checked = loaded.length > 0 && loaded.every(r => selected.has(r.dataset.run) || everything); head.indeterminate = n > 0 && !head.checked; }
  all.hidden = everything || !head?.checked || Number(table.dataset.matching) <= selected.size;
  all.textContent = `Select all ${Number(table?.dataset.matching ?? 0).toLocaleString("en-US")} that match`;
  keepSelection();
  charts?.refresh();
}

let last = null;
place?.addEventListener("click", e => {
  const row = e.target.closest("tr[data-run]"), check = e.target.closest(".check");
  const sort = e.target.closest("a[data-sort]");
  if (sort && !e.ctrlKey && !e.metaKey) { e.preventDefault(); return show({ sort: e.shiftKey ? sort.dataset.more : sort.dataset.sort }); }
  if (check?.matches("[data-all]")) rows.loaded().forEach(r => choose(r, check.checked));
  else if (e.target.closest(".sw") && row) chart(row);
  else if (row && (check || e.target.closest("td") === row.cells[0])) {
    const on = check ? check.checked : !selected.has(row.dataset.run), index = rows.index(row);
    if (e.shiftKey && last != null) { const [a, b] = [Math.min(last, index), Math.max(last, index)]; rows.loaded().filter(r => rows.index(r) >= a && rows.index(r) <= b).forEach(r => choose(r, on)); }
    else choose(row, on);
    last = index;
  } else return;
  count();
});

bar?.addEventListener("click", e => {
  if (e.target.closest("[data-clear]")) { selected.clear(); everything = false; count(); }
  if (e.target.closest("[data-everything]")) { everything = true; count(); }
  if (e.target.closest("[data-register]")) import("./register.js").then(m => m.register(document.getElementById("register"), [...selected.keys()][0]));
  if (e.target.closest("[data-baseline]")) setBase([...selected.keys()][0]);
  const act = e.target.closest("[data-bulk]")?.dataset.bulk;
  if (act === "tag") askTag(); else if (act) bulk(act);
});

const setBase = run => show({ base: view.get("base") && run.startsWith(view.get("base")) ? "" : run }, { stay: true });

/** Ids of what is selected; of everything that matches page by page. */
async function* chosenIds() {
  if (!everything) { yield [...selected.keys()]; return; }
  let pageToken = null;
  do {
    const body = { experimentIds: [id], filter: view.get("q"), view: view.get("view") === "deleted" ? "deletedOnly" : "activeOnly", orderBy: ["run_id"], maxResults: 1000, pageToken, columns: [] };
    const found = await (await api("/api/v1/runs/search", { method: "POST", body })).json();
    yield found.items.map(r => r.info.runId);
    pageToken = found.nextPageToken;
  } while (pageToken);
}

/** A few at a time, with progress; what failed is told with its reasons and stays selected. */
async function each(act, past, ids) {
  const said = bar.querySelector("[data-progress]"), done = [], failed = new Map();
  for await (const some of ids) {
    for (let from = 0; from < some.length; from += BulkAtOnce) {
      await Promise.all(some.slice(from, from + BulkAtOnce).map(async run => { try { await act(run); done.push(run); } catch (error) { failed.set(run, error.message); } }));
      if (done.length + failed.size > 100) said.textContent = `${past} ${(done.length + failed.size).toLocaleString("en-US")} …`;
    }
  }
  said.textContent = "";
  if (failed.size) {
    const reasons = Map.groupBy(failed.values(), r => r);
    toast(`${words(failed.size)} could not be ${past}: ${[...reasons].slice(0, 3).map(([reason, all]) => all.length > 1 ? `${reason} (${all.length}×)` : reason).join(" ")}`, { bad: true });
  }
  return { done, failed };
}

async function bulk(act) {
  const { done, failed } = await each(run => setAside("/api/v1/runs/" + run, act), `${act}d`, chosenIds());
  done.forEach(run => selected.delete(run));
  everything = false;
  await show({}, { push: false, stay: true });
  if (done.length) {
    toast(`${words(done.length)} ${act}d`, { undo: async () => {
      const back = act === "delete" ? "restore" : "delete";
      try { await each(run => setAside("/api/v1/runs/" + run, back), `${back}d`, [done]); await show({}, { push: false, stay: true }); }
      catch (error) { refused(error); }
    } });
  }
  return failed;
}

const dialog = document.getElementById("tag");
function askTag() { dialog.querySelector("[data-many]").textContent = words(total()); dialog.showModal(); dialog.querySelector("[name=key]").select(); }
dialog?.querySelector("form").addEventListener("submit", async () => {
  const [key, value] = ["key", "value"].map(n => dialog.querySelector(`[name=${n}]`).value);
  const { done } = await each(run => api(`/api/v1/runs/${run}/batches`, { method: "POST", body: { tags: [{ key, value }] } }), "tagged", chosenIds());
  if (done.length) toast(`${words(done.length)} tagged`);
  known = undefined;
  await show({}, { push: false, stay: true });
});

// What the runs hold, for completion and columns; asked for once.
let known;
const keys = () => known ??= api(`/api/v1/experiments/${id}/keys`, { method: "POST", body: { view: view.get("view") === "deleted" ? "deletedOnly" : "activeOnly", limit: 10000 } }).then(a => a.json()).catch(error => { known = undefined; throw error; });

const filter = form && filterBar(form, {
  name: id, keys,
  check: async text => {
    try {
      const found = await (await api("/api/v1/runs/search", { method: "POST", body: { experimentIds: [id], filter: text, maxResults: 1, columns: [] } })).json();
      return found && null;
    } catch (error) { return error.status === 400 ? { position: error.position, length: error.length, message: error.message } : null; }
  },
  apply: text => show({ q: text }),
});
if (form) {
  form.querySelector("[data-submit]").hidden = true;
  form.querySelector("[data-columns]").hidden = false;
  form.querySelector("[data-clear-filter]").addEventListener("click", e => { e.preventDefault(); filter.set(""); show({ q: "" }); });
}

if (place) {
  cellMenu(place, document.getElementById("cell"), clause => { const text = both(view.get("q"), clause); filter.set(text); show({ q: text }); });
  copyAs(document.getElementById("more"), () => ({ id, q: view.get("q"), deleted: view.get("view") === "deleted", sort: (view.get("sort") ?? "").split(",").filter(Boolean).map(k => k[0] === "-" ? [k.slice(1), true] : [k, false]) }));
}

const stored = `mlops-columns-${id}`;
chooser(document.getElementById("columns"), {
  keys,
  shown: () => (table?.dataset.cols ?? "").split(",").filter(Boolean),
  change: columns => { localStorage.setItem(stored, columns.join()); show({ cols: columns.join() }, { stay: true }); },
  usual: () => { localStorage.removeItem(stored); show({ cols: "" }, { stay: true }); },
});
place?.addEventListener("keydown", e => {
  const head = e.target.closest("th[data-column]");
  if (!head || !e.altKey || (e.key !== "ArrowLeft" && e.key !== "ArrowRight")) return;
  e.preventDefault();
  const columns = table.dataset.cols.split(","), from = columns.indexOf(head.dataset.column), to = from + (e.key === "ArrowLeft" ? -1 : 1);
  if (to < 0 || to >= columns.length) return;
  columns.splice(to, 0, ...columns.splice(from, 1));
  localStorage.setItem(stored, columns.join());
  show({ cols: columns.join() }, { stay: true }).then(() => table.querySelector(`th[data-column="${CSS.escape(head.dataset.column)}"] a`)?.focus());
});

// J and K move, O opens, X selects, Space charts, B compares with, C compares; never in a field.
function move(to) {
  table.querySelector("tr.at")?.classList.remove("at");
  at = Math.max(0, Math.min(rows.total - 1, to));
  rows.scrollTo(at);
  rows.render();
  const reach = (tries) => {
    const row = rows.row(at);
    if (row) { row.classList.add("at"); row.querySelector("a").focus({ preventScroll: true }); }
    else if (tries) setTimeout(reach, 50, tries - 1);
  };
  reach(40);
}
addEventListener("keydown", e => {
  if (!rows || e.ctrlKey || e.metaKey || e.altKey || e.target.closest?.("input:not([type=checkbox]), textarea, select, dialog, [popover]") || document.querySelector("dialog[open]") || localStorage.getItem("mlops-letters") === "off") return;
  const key = e.key.toLowerCase(), row = at >= 0 ? rows.row(at) : null;
  if (key === "j" || key === "k") move(at < 0 ? Math.floor(place.scrollTop / rows.height) : at + (key === "j" ? 1 : -1));
  else if (key === "o" && row) location.href = row.querySelector("a").href;
  else if (key === "c") { const compare = bar.querySelector("[data-compare]"); if (!compare.hidden && !bar.hidden) location.href = compare.href; }
  else if (key === "x" && row) { choose(row, !selected.has(row.dataset.run)); count(); }
  else if (key === " " && row && !e.target.closest("button, .check")) { e.preventDefault(); chart(row); count(); }
  else if (key === "b" && row) setBase(row.dataset.run);
});

addEventListener("popstate", () => {
  const to = new URLSearchParams(location.search), change = Object.fromEntries(Kinds.map(k => [k, to.get(k) ?? ""]));
  filter.set(change.q);
  show(change, { push: false });
});

// Live: nothing moves under the pointer; what is new waits behind a button, what is shown changes in place.
const fresh = new Set(), changed = new Set(), button = document.querySelector("[data-fresh]");
function tellFresh() {
  if (!button) return;
  button.hidden = !fresh.size;
  button.textContent = `${fresh.size} new run${fresh.size === 1 ? "" : "s"}`;
}
async function refresh() {
  const some = [...changed].filter(run => table?.querySelector(`tr[data-run="${run}"]`)).slice(0, 50);
  changed.clear();
  if (!some.length) return;
  const query = new URLSearchParams(view);
  query.set("q", `run_id IN (${some.map(run => `'${run}'`).join()})`); query.set("cols", table.dataset.cols); query.set("scale", table.dataset.scale);
  if (table.dataset.curves) query.set("curves", "1");
  const { status, holder } = await part(query).catch(() => ({}));
  if (status !== 200 || !table) return;
  for (const row of holder.querySelectorAll("tr[data-run]")) {
    for (const old of table.querySelectorAll(`tr[data-run="${row.dataset.run}"]`)) {
      const next = row.cloneNode(true), index = old.getAttribute("aria-rowindex"), focused = old.contains(document.activeElement);
      if (index) next.setAttribute("aria-rowindex", index); else next.removeAttribute("aria-rowindex");
      next.classList.toggle("at", old.classList.contains("at"));
      [...next.cells].forEach((cell, i) => { if (old.cells[i] && i > 2 && cell.dataset.curve === undefined && cell.textContent !== old.cells[i].textContent) cell.classList.add("changed"); });
      const spark = old.querySelector("[data-curve]");
      if (spark?.firstChild) next.querySelector("[data-curve]")?.replaceChildren(...spark.childNodes);
      old.replaceWith(next);
      mark(next);
      if (focused) next.querySelector("a").focus({ preventScroll: true });
    }
  }
}
if (place && button) {
  button.onclick = () => show({}, { push: false });
  const stream = follow(`/api/v1/experiments/${id}/events`);
  stream.addEventListener("run", e => {
    const { change, info } = JSON.parse(e.data);
    if (change !== "created") changed.add(info.runId);
    else if (!table?.querySelector(`tr[data-run="${info.runId}"]`)) { fresh.add(info.runId); tellFresh(); }
  });
  setInterval(() => { if (changed.size && !document.hidden) refresh(); }, 1000);
}

// Charts stand beside the table where there is room; their script comes when they are first seen.
let charts;
const split = document.querySelector("[data-split]"), aside = document.querySelector("[data-side]");
const metricOf = () => { const sorted = (table?.dataset.sorted ?? "").split(",")[0].replace(/^-/, ""), columns = (table?.dataset.cols ?? "").split(","); return (sorted.startsWith("metrics.") ? sorted : columns.find(c => c.startsWith("metrics.")))?.slice(8); };
function shownRuns() {
  const base = table?.querySelector("[data-pinned] tr"), own = base && selected.get(base.dataset.run);
  const all = [...selected].filter(([, s]) => s.slot != null).slice(0, ChartedMax).map(([run, s]) => ({ run, name: s.name, slot: s.slot, base: run === base?.dataset.run }));
  return base && !(own?.slot != null) ? [...all, { run: base.dataset.run, name: nameOf(base), slot: freeSlot(base.dataset.run), base: true }] : all;
}
async function open() {
  if (charts || !aside || split.classList.contains("alone") || !aside.offsetParent) return;
  const { side } = await import("./side.js");
  charts ??= side(aside, () => ({ id, q: view.get("q"), deleted: view.get("view") === "deleted", metric: metricOf(), shown: shownRuns() }));
  charts.refresh();
}
document.querySelectorAll("[data-layout]").forEach(b => b.addEventListener("click", () => {
  const alone = b.dataset.layout === "0";
  split.classList.toggle("alone", alone);
  if (alone) view.set("side", "0"); else view.delete("side");
  document.querySelectorAll("[data-layout]").forEach(o => o.setAttribute("aria-pressed", String(o === b)));
  keepSelection();
  open();
}));
if (split) new ResizeObserver(open).observe(split);

if (place) {
  const said = document.querySelector("[data-count]");
  for (const entry of place.dataset.chosen.split(" ").filter(Boolean)) {
    const [run, slot] = entry.split(":");
    selected.set(run, { name: "", slot: slot == null ? null : Number(slot) });
  }
  said.dataset.of = /of ([\d,]+)/.exec(said.textContent)?.[1].replaceAll(",", "") ?? said.textContent.replaceAll(",", "");
  adopt();
  const wrong = document.querySelector("[data-fault]");
  if (wrong?.dataset.position != null) filter.tell({ position: Number(wrong.dataset.position), length: Number(wrong.dataset.length) });
  const mine = localStorage.getItem(stored);
  if (mine && !view.has("cols") && table) show({ cols: mine }, { push: false }); else count();
}
