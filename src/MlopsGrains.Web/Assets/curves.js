import { api } from "./shell.js";
import { mount, short } from "./chart.js";

const AtOnce = 12, Kept = 36, BucketsMax = 1000, AppendMs = 250;

/** A dash for the ninth run on, which has the colour of another one. */
export const look = slot => ({ colour: `var(--s${slot % 8 + 1})`, dash: slot >= 8 ? [4, 3] : undefined });

/**
 * The charts below a place: a panel a metric, a line a run. runs: [{ id, name, slot, base }]. Panels are drawn when they are seen, a dozen at a time and by one request; what is shown is in the address.
 * Returns { add(points), again() }.
 */
export function curves(place, runs, { live = false } = {}) {
  const query = new URLSearchParams(location.search), find = selector => document.querySelector(selector), all = selector => [...document.querySelectorAll(selector)];
  const settings = { x: query.get("x") ?? "step", smoothing: Number(query.get("smooth") ?? 0), log: query.get("log") === "1", outliers: query.get("out") === "1" };
  let range = /^(-?\d+)\.\.(-?\d+)$/.exec(query.get("xr") ?? "")?.slice(1).map(Number) ?? null;
  const panels = [...place.querySelectorAll("[data-metric]")], drawn = new Map(), known = new Map(), waiting = new Set(), fresh = new Map();
  const filter = find("[data-metric-filter]"), by = () => settings.x === "rel" ? "relative" : settings.x, scale = () => settings.x === "time" ? 1 / 1000 : 1;

  /** The view is in the address; what is usual is left out. */
  function keep() {
    const now = new URLSearchParams(location.search), set = (key, value, usual) => { now.delete(key); if (value !== usual) now.append(key, value); };
    set("x", settings.x, "step"); set("smooth", String(settings.smoothing), "0"); set("log", settings.log ? "1" : "0", "0"); set("out", settings.outliers ? "1" : "0", "0");
    set("xr", range ? range.join("..") : "", ""); if (filter) set("m", filter.value, "");
    history.replaceState(null, "", location.pathname + (now.size ? "?" + now : ""));
    const said = find("[data-smoothness]"), whole = find("[data-whole]");
    if (said) said.textContent = (settings.smoothing / 100).toFixed(2);
    if (whole) whole.hidden = !range;
  }

  const options = panel => ({
    smoothing: settings.smoothing, log: settings.log, outliers: settings.outliers, time: settings.x === "time", relative: settings.x === "rel", live,
    best: panel.dataset.less === undefined ? "max" : "min", range: range && range.map(v => v * scale()), zoom, said: text => { const note = panel.querySelector("[data-note]"); if (note) note.textContent = text; },
  });

  function show(panel, anew = true) {
    const answers = known.get(panel);
    if (!answers) return;
    const lines = answers.filter(a => a.x.length || a.notFinite.length).map(a => {
      const run = runs.find(r => r.id === a.runId), k = scale();
      return { ...look(run.slot), ...(run.base ? { dash: [4, 3] } : {}), label: run.name, x: k === 1 ? a.x : a.x.map(v => v * k), y: a.y, width: a.width * k, count: a.count, marks: a.notFinite.map(v => v * k) };
    });
    const data = { lines: lines.length ? lines : [{ x: [], y: [], marks: [] }] };
    if (drawn.has(panel)) drawn.get(panel).update(data, anew ? options(panel) : undefined);
    else drawn.set(panel, mount(panel.querySelector(".chart"), data, options(panel)));
  }

  let asking = false;
  async function ask() {
    if (asking) return;
    asking = true;
    while (waiting.size) {
      const some = [...waiting].slice(0, AtOnce);
      some.forEach(p => waiting.delete(p));
      const buckets = Math.min(BucketsMax, Math.max(50, ...some.map(p => p.querySelector(".chart").clientWidth)), Math.floor(1e6 / (some.length * runs.length)));
      const body = { runIds: runs.map(r => r.id), keys: some.map(p => p.dataset.metric), by: by(), buckets, ...(range ? { start: range[0], end: range[1] } : {}) };
      try {
        const { curves } = await (await api("/api/v1/runs/curves", { method: "POST", body })).json();
        for (const panel of some) { known.set(panel, curves.filter(c => c.key === panel.dataset.metric)); fresh.delete(panel); show(panel); }
      } catch (error) { some.forEach(p => { drawn.get(p)?.dispose(); drawn.delete(p); p.querySelector(".chart").textContent = error.message; }); }
      // A page of thousands keeps the charts that were seen last.
      for (const [panel, chart] of drawn) { if (drawn.size <= Kept) break; if (!inView.has(panel)) { chart.dispose(); drawn.delete(panel); known.delete(panel); panel.querySelector(".chart").replaceChildren(); } }
    }
    asking = false;
  }

  const inView = new Set();
  const seen = new IntersectionObserver(entries => {
    for (const e of entries) {
      if (e.isIntersecting) { inView.add(e.target); if (!known.has(e.target)) waiting.add(e.target); } else { inView.delete(e.target); waiting.delete(e.target); }
    }
    ask();
  }, { root: place.closest("[data-scroll]"), rootMargin: "200px" });
  panels.forEach(p => seen.observe(p));

  /** Everything is asked anew: another axis, another range, or a stream that lost its thread. */
  function again() {
    for (const panel of panels) if (!inView.has(panel)) known.delete(panel);
    panels.filter(p => inView.has(p)).forEach(p => waiting.add(p));
    ask();
  }
  function zoom(from, to) {
    range = from == null ? null : [Math.floor(from / scale()), Math.ceil(to / scale())];
    keep(); again();
  }

  function sift() {
    const asked = filter?.value.trim() ?? "", pattern = /^\/(.+)\/$/.exec(asked);
    let test = name => name.toLowerCase().includes(asked.toLowerCase());
    try { if (pattern) { const r = new RegExp(pattern[1], "i"); test = name => r.test(name); } filter?.removeAttribute("aria-invalid"); } catch { filter.setAttribute("aria-invalid", "true"); return; }
    panels.forEach(p => p.hidden = !test(p.dataset.metric));
    place.querySelectorAll("[data-group]").forEach(head => { let next = head.nextElementSibling, any = false; while (next?.matches("[data-metric]")) { any ||= !next.hidden; next = next.nextElementSibling; } head.hidden = !any; });
    const none = place.querySelector("[data-no-metric]");
    if (none) none.hidden = !panels.length || panels.some(p => !p.hidden);
    keep();
  }
  if (filter) {
    filter.oninput = sift;
    // Of thousands of metrics the page holds the first; the server finds the others.
    if (place.dataset.more !== undefined) filter.onchange = () => location.reload();
  }
  const redraw = () => { keep(); panels.forEach(p => show(p)); };
  all("[data-x]").forEach(b => b.onclick = () => { settings.x = b.dataset.x; range = null; all("[data-x]").forEach(o => o.setAttribute("aria-pressed", String(o === b))); keep(); again(); });
  const smoothing = find("[data-smooth]");
  if (smoothing) smoothing.oninput = () => { settings.smoothing = Number(smoothing.value); redraw(); };
  for (const [name, key] of [["[data-log]", "log"], ["[data-outliers]", "outliers"]]) {
    const button = find(name);
    if (button) button.onclick = () => { settings[key] = !settings[key]; button.setAttribute("aria-pressed", String(settings[key])); redraw(); };
  }
  const whole = find("[data-whole]");
  if (whole) whole.onclick = () => zoom(null);
  place.addEventListener("click", e => {
    const large = e.target.closest("[data-enlarge]")?.closest("[data-metric]");
    if (large) { large.classList.toggle("large"); waiting.add(large); ask(); }
  });
  keep();
  sift();

  // Points that come live are drawn at most four times a second; a long run is reduced anew from time to time.
  setInterval(() => {
    for (const [panel, points] of fresh) {
      const answer = known.get(panel)?.[0];
      fresh.delete(panel);
      if (!answer || range) continue;
      let ordered = true;
      for (const p of points) {
        const x = settings.x === "step" ? p.step : settings.x === "time" ? p.timestamp : p.timestamp - runs[0].start;
        if (x < (answer.x.at(-1) ?? -Infinity)) ordered = false;
        else if (isFinite(Number(p.value))) { answer.x.push(x); answer.y.push(Number(p.value)); answer.count++; } else answer.notFinite.push(x);
      }
      if (!ordered || answer.x.length > 6 * BucketsMax) { waiting.add(panel); ask(); } else show(panel, false);
    }
  }, AppendMs);
  return {
    again,
    has: key => panels.some(p => p.dataset.metric === key),
    add(points) {
      for (const point of points) {
        const panel = panels.find(p => p.dataset.metric === point.key);
        if (!panel) continue;
        const last = panel.querySelector("[data-last]");
        if (last) last.textContent = isFinite(Number(point.value)) ? short(Number(point.value)) : point.value;
        if (known.has(panel)) { if (!fresh.has(panel)) fresh.set(panel, []); fresh.get(panel).push(point); }
      }
    },
  };
}
