// Charts beside a table of runs: curves of those that are shown in colour, the metric over a param, and which params move it.
import { api } from "./shell.js";
import { colour, faded, mount, short } from "./chart.js";
import { look } from "./curves.js";

const ScatterMax = 500, Buckets = 300, SharesShown = 8, SettleMs = 600;
const number = v => v === "" || v == null ? NaN : Number(v);
const percent = share => share > 0 && share < .01 ? "< 1 %" : Math.round(share * 100) + " %";

/** aside: with [data-curve-panel], [data-scatter-panel] and [data-shares-panel]. state: () → { id, q, deleted, metric, keys, shown: [{ run, name, slot, base }] }. */
export function side(aside, state) {
  const [curve, scatter, shares] = ["curve", "scatter", "shares"].map(n => aside.querySelector(`[data-${n}-panel]`));
  const smoothing = curve.querySelector("input"), pick = scatter.querySelector("select"), canvas = scatter.querySelector("canvas"), tip = scatter.querySelector(".tip");
  let plot, lines = [], points = [], drawn = [], colouring = null, asked = "", curvesAsked = "", timer, turn = 0;

  const say = (panel, text) => { const p = panel.querySelector("[data-none]"); p.textContent = text ?? ""; p.hidden = !text; };
  const post = async (path, body) => (await api(path, { method: "POST", body })).json();

  async function curves() {
    const { metric, shown } = state(), key = JSON.stringify([metric, shown.map(s => [s.run, s.slot, s.base])]);
    curve.hidden = !metric;
    if (!metric || key === curvesAsked) return;
    curvesAsked = key;
    curve.querySelector("h2").textContent = metric;
    if (!shown.length) { plot?.dispose(); plot = null; say(curve, "Select runs to see their curves here."); return; }
    try {
      const all = (await post("/api/v1/runs/curves", { runIds: shown.map(s => s.run), keys: [metric], by: "step", buckets: Buckets })).curves;
      if (key !== curvesAsked) return;
      lines = all.filter(c => c.x.length || c.notFinite.length).map(c => {
        const run = shown.find(s => s.run === c.runId);
        return { ...look(run.slot ?? 0), ...(run.base ? { dash: [4, 3] } : {}), label: run.name, x: c.x, y: c.y, width: c.width, count: c.count, marks: c.notFinite };
      });
      say(curve, lines.length ? null : "None of these runs has it.");
      if (!lines.length) return;
      const chart = curve.querySelector(".chart");
      chart.setAttribute("aria-label", `${metric} of ${lines.length} run${lines.length === 1 ? "" : "s"} by step`);
      plot?.dispose();
      plot = mount(chart, { lines }, { smoothing: Number(smoothing.value), sync: "side" });
    } catch (error) { say(curve, error.message); curvesAsked = ""; }
  }
  smoothing.addEventListener("input", () => plot?.update({ lines }, { smoothing: Number(smoothing.value) }));

  async function rest() {
    const { id, q, deleted, metric } = state(), mine = ++turn, key = JSON.stringify([q, deleted, metric]);
    scatter.hidden = shares.hidden = !metric || deleted;
    if (!metric || deleted || key === asked) return;
    asked = key;
    shares.querySelector("h2").textContent = `What moves ${metric}`;
    try {
      const found = await post(`/api/v1/experiments/${id}/shares`, { metric, filter: q });
      if (mine !== turn) return;
      explain(found);
      const numeric = found.params.filter(p => p.correlation != null).map(p => p.key), before = pick.value;
      scatter.hidden = !numeric.length;
      if (!numeric.length) return;
      pick.replaceChildren(...numeric.map(k => new Option(k, k)));
      pick.value = numeric.includes(before) ? before : numeric[0];
      await dots();
    } catch (error) { if (mine === turn) { asked = ""; say(shares, error.message); shares.querySelector(".imp").replaceChildren(); scatter.hidden = true; } }
  }

  function explain({ runs, enough, explained, params }) {
    const list = shares.querySelector(".imp");
    list.replaceChildren();
    say(shares, !enough ? `Not enough data: ${runs} run${runs === 1 ? " has" : "s have"} it, 30 are needed.` : explained < .05 ? `The params tell nothing of it (${runs.toLocaleString("en-US")} runs).` : null);
    shares.querySelector("[data-of]").textContent = enough ? `${percent(explained)} explained` : "share of variance";
    shares.querySelector("[data-of]").title = enough ? `of the variance over ${runs.toLocaleString("en-US")} runs, told from runs that were not learned from` : "";
    if (!enough || explained < .05) return;
    for (const p of params.slice(0, SharesShown)) {
      const name = Object.assign(document.createElement("dt"), { className: "cut", title: p.key }), cell = Object.assign(document.createElement("dd"), { className: "row" }), bar = Object.assign(document.createElement("span"), { className: "prog grow" }), fill = document.createElement("i");
      name.append(Object.assign(document.createElement("bdi"), { textContent: p.key }));
      bar.setAttribute("aria-hidden", "true");
      bar.append(fill);
      fill.style.width = p.share * 100 + "%";
      const way = p.correlation == null || Math.abs(p.correlation) < .1 ? "–" : p.correlation > 0 ? "rises" : "falls";
      cell.append(bar, Object.assign(document.createElement("span"), { className: "num share", textContent: percent(p.share) }), Object.assign(document.createElement("span"), { className: "dim way", textContent: way, title: p.correlation == null ? "not a number" : `rank correlation ${short(+p.correlation.toFixed(2))}` }));
      list.append(name, cell);
    }
  }

  async function dots() {
    const { id, q, metric } = state(), x = pick.value, other = [...pick.options].map(o => o.value).find(k => k !== x);
    const columns = [`metrics.${metric}`, `params.${x}`, ...(other ? [`params.${other}`] : [])];
    const found = await post("/api/v1/runs/search", { experimentIds: [id], filter: q, maxResults: ScatterMax, columns });
    const value = (run, key) => number(run.params.find(p => p.key === key)?.value);
    points = found.items.map(r => ({ run: r.info.runId, name: r.info.runName, x: value(r, x), y: number(r.metrics[0]?.value), z: other ? value(r, other) : NaN })).filter(p => isFinite(p.x) && isFinite(p.y));
    colouring = other && points.some(p => isFinite(p.z)) ? other : null;
    scatter.querySelector("h2").textContent = `${metric} over`;
    const zs = points.map(p => p.z).filter(isFinite), ramp = scatter.querySelector(".ramp");
    ramp.hidden = !colouring;
    if (colouring) { ramp.querySelector("[data-low]").textContent = `${colouring.length > 14 ? colouring.slice(0, 13) + "…" : colouring} ${short(Math.min(...zs))}`; ramp.querySelector("[data-high]").textContent = short(Math.max(...zs)); }
    canvas.setAttribute("aria-label", `${metric} over ${x} of ${points.length} runs`);
    paint();
  }
  pick.addEventListener("change", () => dots().catch(error => say(shares, error.message)));

  function paint() {
    const width = canvas.clientWidth, height = canvas.clientHeight, r = devicePixelRatio || 1, c = canvas.getContext("2d");
    if (!width || !points.length) return;
    canvas.width = width * r; canvas.height = height * r;
    c.scale(r, r);
    const [left, right, top, bottom] = [46, 10, 8, 30], xs = points.map(p => p.x), ys = points.map(p => p.y), zs = points.map(p => p.z).filter(isFinite);
    const min = v => v.reduce((a, b) => Math.min(a, b), Infinity), max = v => v.reduce((a, b) => Math.max(a, b), -Infinity);
    const log = min(xs) > 0 && max(xs) / min(xs) >= 100, f = v => log ? Math.log10(v) : v, [x0, x1, y0, y1, z0, z1] = [f(min(xs)), f(max(xs)), min(ys), max(ys), min(zs), max(zs)];
    const px = v => left + (x1 > x0 ? (f(v) - x0) / (x1 - x0) : .5) * (width - left - right - 8) + 4, py = v => height - bottom - 4 - (y1 > y0 ? (v - y0) / (y1 - y0) : .5) * (height - top - bottom - 8);
    const dim = colour(canvas.parentElement, "var(--text-3)"), line = colour(canvas.parentElement, "var(--line)"), ground = colour(canvas.parentElement, "var(--surface)"), ramp = [1, 2, 3, 4, 5].map(q => colour(canvas.parentElement, `var(--q${q})`));
    c.font = `11px ${getComputedStyle(canvas).fontFamily}`;
    c.strokeStyle = line; c.fillStyle = dim; c.textBaseline = "middle"; c.textAlign = "right";
    for (let i = 0; i <= 4; i++) { const v = y0 + (y1 - y0) * i / 4, y = py(v); c.beginPath(); c.moveTo(left, y); c.lineTo(width - right, y); c.stroke(); c.fillText(short(+v.toPrecision(4)), left - 6, y); }
    c.textBaseline = "alphabetic";
    for (const [i, t] of [[0, 0], [1, .5], [2, 1]]) { const v = log ? 10 ** (x0 + (x1 - x0) * t) : x0 + (x1 - x0) * t; c.textAlign = ["left", "center", "right"][i]; c.fillText(short(+v.toPrecision(3)), px(v), height - 16); }
    c.textAlign = "center"; c.fillText(pick.value + (log ? " (log)" : ""), (left + width - right) / 2, height - 3);
    const shown = new Map(state().shown.map(s => [s.run, s]));
    drawn = points.map(p => ({ ...p, left: px(p.x), top: py(p.y), slot: shown.get(p.run)?.slot }));
    for (const p of drawn.filter(p => p.slot == null)) { c.beginPath(); c.fillStyle = faded(isFinite(p.z) && colouring ? ramp[Math.min(4, Math.floor((z1 > z0 ? (p.z - z0) / (z1 - z0) : 0) * 5))] : ramp[3], .85); c.arc(p.left, p.top, 3, 0, 7); c.fill(); }
    for (const p of drawn.filter(p => p.slot != null)) { c.beginPath(); c.fillStyle = colour(canvas.parentElement, `var(--s${p.slot % 8 + 1})`); c.strokeStyle = ground; c.lineWidth = 1.5; c.arc(p.left, p.top, 5, 0, 7); c.fill(); c.stroke(); }
  }
  const nearest = e => { const box = canvas.getBoundingClientRect(), [x, y] = [e.clientX - box.left, e.clientY - box.top]; return drawn.reduce((best, p) => { const d = Math.hypot(p.left - x, p.top - y); return d < (best?.d ?? 12) ? { p, d } : best; }, null)?.p; };
  canvas.addEventListener("mousemove", e => {
    const p = nearest(e);
    tip.hidden = !p;
    canvas.style.cursor = p ? "pointer" : "";
    if (!p) return;
    tip.textContent = `${p.name}: ${short(+p.y.toPrecision(5))} at ${short(p.x)}${colouring && isFinite(p.z) ? `, ${colouring} ${short(p.z)}` : ""}`;
    tip.style.left = Math.min(p.left + 10, canvas.clientWidth - tip.offsetWidth - 4) + "px";
    tip.style.top = Math.max(0, p.top - 30) + "px";
  });
  canvas.addEventListener("mouseleave", () => tip.hidden = true);
  canvas.addEventListener("click", e => { const p = nearest(e); if (p) location.href = `/runs/${p.run}`; });
  new ResizeObserver(paint).observe(canvas);
  addEventListener("mlops:look", paint);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);

  return {
    /** The view or the selection changed. What costs the server more than a search waits until the reader has settled. */
    refresh() {
      clearTimeout(timer);
      timer = setTimeout(() => { curves(); rest().then(paint); }, SettleMs);
    },
  };
}
