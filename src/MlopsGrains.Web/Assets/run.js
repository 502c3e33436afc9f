import { api, follow, setAside, toast } from "./shell.js";
import { mount, short } from "./chart.js";

// Delete and restore, each the other's undo.
addEventListener("click", async e => {
  const button = e.target.closest("[data-run-act]");
  if (!button) return;
  try {
    button.disabled = true;
    await setAside(`/api/v1/runs/${button.dataset.run}`, button.dataset.runAct);
    location.reload();
  } catch (error) { button.disabled = false; toast(error.message, { bad: true }); }
});

const place = document.querySelector("[data-charts]");
if (place) charts(place);

function charts(place) {
  const id = place.dataset.charts, start = Number(place.dataset.start);
  const query = new URLSearchParams(location.search);
  const settings = { x: query.get("x") ?? "step", smoothing: Number(query.get("smooth") ?? 0), log: query.get("log") === "1" };
  const drawn = new Map(), known = new Map();

  /** The view is in the address; what is usual is left out. */
  function keep() {
    const set = (key, value, usual) => { query.delete(key); if (value !== usual) query.append(key, value); };
    set("x", settings.x, "step"); set("smooth", String(settings.smoothing), "0"); set("log", settings.log ? "1" : "0", "0"); set("m", filter.value, "");
    history.replaceState(null, "", location.pathname + (query.size ? "?" + query : ""));
    document.querySelector("[data-smoothness]").textContent = (settings.smoothing / 100).toFixed(2);
  }

  function columns(answer) {
    const x = [], low = [], high = [], marks = [];
    const at = point => settings.x === "step" ? point.step : settings.x === "time" ? point.timestamp / 1000 : (point.timestamp - start) / 1000;
    for (const bucket of answer.buckets) {
      const ends = [bucket.min, bucket.max].filter(p => p && isFinite(Number(p.value)));
      if (bucket.notANumber || ends.length < (bucket.min ? 2 : 0)) marks.push(ends.length ? at(ends[0]) : bucket.firstStep);
      if (!ends.length) continue;
      x.push(at(ends[0])); low.push(Number(ends[0].value)); high.push(Number(ends.at(-1).value));
    }
    return { x, low, high, marks };
  }

  async function load(panel) {
    const key = panel.dataset.metric, box = panel.querySelector(".chart");
    const points = Math.max(50, Math.round(box.clientWidth * 2));
    try {
      const answer = await (await api(`/api/v1/runs/${id}/metrics/${encodeURIComponent(key)}/history?points=${Math.min(points, 2000)}`)).json();
      known.set(panel, answer);
      show(panel);
    } catch (error) { box.textContent = error.message; }
  }

  function show(panel) {
    const answer = known.get(panel);
    if (!answer) return;
    const options = { smoothing: settings.smoothing, log: settings.log, time: settings.x === "time" }, data = columns(answer);
    if (drawn.has(panel)) drawn.get(panel).update(data, options);
    else drawn.set(panel, mount(panel.querySelector(".chart"), data, options));
  }

  // A chart is drawn when it is first seen.
  const seen = new IntersectionObserver(entries => entries.filter(e => e.isIntersecting).forEach(e => { seen.unobserve(e.target); load(e.target); }), { root: place.closest("[data-scroll]"), rootMargin: "200px" });
  const panels = [...place.querySelectorAll("[data-metric]")];
  panels.forEach(p => seen.observe(p));

  const filter = document.querySelector("[data-metric-filter]");
  function sift() {
    const asked = filter.value.trim(), pattern = /^\/(.+)\/$/.exec(asked);
    let test = name => name.toLowerCase().includes(asked.toLowerCase());
    try { if (pattern) { const r = new RegExp(pattern[1], "i"); test = name => r.test(name); } filter.removeAttribute("aria-invalid"); } catch { filter.setAttribute("aria-invalid", "true"); return; }
    panels.forEach(p => p.hidden = !test(p.dataset.metric));
    place.querySelectorAll("[data-group]").forEach(head => { let next = head.nextElementSibling, any = false; while (next?.matches("[data-metric]")) { any ||= !next.hidden; next = next.nextElementSibling; } head.hidden = !any; });
    place.querySelector("[data-no-metric]").hidden = !panels.length || panels.some(p => !p.hidden);
    keep();
  }
  filter.oninput = sift;
  document.querySelectorAll("[data-x]").forEach(b => b.onclick = () => { settings.x = b.dataset.x; document.querySelectorAll("[data-x]").forEach(o => o.setAttribute("aria-pressed", String(o === b))); keep(); panels.forEach(show); });
  const range = document.querySelector("[data-smooth]"), log = document.querySelector("[data-log]");
  range.oninput = () => { settings.smoothing = Number(range.value); keep(); panels.forEach(show); };
  log.onclick = () => { settings.log = !settings.log; log.setAttribute("aria-pressed", String(settings.log)); keep(); panels.forEach(show); };
  keep();
  sift();

  // Live: one stream; a chart that has news asks again, at most twice a second.
  if (place.dataset.ended !== undefined) return;
  const dirty = new Set(), stream = follow(`/api/v1/runs/${id}/events`);
  stream.addEventListener("change", e => {
    const change = JSON.parse(e.data);
    for (const metric of change.metrics ?? []) {
      const panel = panels.find(p => p.dataset.metric === metric.key);
      if (!panel) { location.reload(); return; }
      panel.querySelector("[data-last]").textContent = isFinite(Number(metric.value)) ? short(Number(metric.value)) : metric.value;
      dirty.add(panel);
    }
    if (change.info?.endTime) { stream.close(); location.reload(); }
  });
  setInterval(() => { for (const panel of dirty) if (known.has(panel)) load(panel); dirty.clear(); }, 500);
}
