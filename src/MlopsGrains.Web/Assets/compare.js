import { api } from "./shell.js";
import { colour, faded, short } from "./chart.js";
import { curves } from "./curves.js";

const AxesMax = 8, DrawnMax = 2000, Grid = 32;

let loading;
function library() {
  return loading ??= new Promise((done, fail) => {
    const script = document.createElement("script");
    script.src = new URL("./vendor/echarts.min.js", import.meta.url);
    script.onload = () => done(window.echarts);
    script.onerror = fail;
    document.head.append(script);
  });
}

const number = v => v === "" || v == null || typeof v === "boolean" ? NaN : Number(v);

/** What is known of a column: whether it is of numbers, over how many decades, and else its categories, by their mean of the metric. */
export function column(rows, key, metric) {
  const values = rows.map(r => r.values[key]).filter(v => v != null && v !== ""), numbers = values.map(number);
  if (values.length && numbers.every(v => !isNaN(v))) {
    const finite = numbers.filter(isFinite), min = Math.min(...finite), max = Math.max(...finite);
    return { key, numeric: true, log: min > 0 && max / min >= 100, min, max };
  }
  const sums = new Map();
  for (const r of rows) {
    const v = r.values[key], m = number(r.values[metric]);
    if (v == null) continue;
    const s = sums.get(v) ?? [0, 0];
    if (isFinite(m)) { s[0] += m; s[1]++; }
    sums.set(v, s);
  }
  const mean = ([sum, n]) => n ? sum / n : -Infinity;
  return { key, numeric: false, categories: [...sums].sort((a, b) => mean(a[1]) - mean(b[1]) || String(a[0]).localeCompare(b[0])).map(e => e[0]) };
}

/** Params that vary, and the metric last. */
export function axes(rows, keys, metric) {
  const varies = keys.filter(k => k.startsWith("params.") && new Set(rows.map(r => r.values[k] ?? null)).size > 1);
  return [...varies.slice(0, AxesMax - 1), ...(metric ? [metric] : [])];
}

/** A value where nothing was measured, from what was, by distance; places are 0–1. */
export function between(points, x, y) {
  let sum = 0, weight = 0;
  for (const p of points) {
    const d = (p.x - x) ** 2 + (p.y - y) ** 2;
    if (d < 1e-9) return p.z;
    const w = 1 / d ** 1.5;
    sum += w * p.z; weight += w;
  }
  return weight ? sum / weight : null;
}

const place = document.querySelector("[data-compared]");
if (place) start(place);

async function start(place) {
  const given = JSON.parse(place.dataset.compared), runs = given.runs, query = new URLSearchParams(location.search);
  const panels = document.querySelector("[data-compare-curves]");
  if (panels) curves(panels, runs.map((r, i) => ({ ...r, base: i === 0 })));
  const keep = (key, value) => { const now = new URLSearchParams(location.search); now.delete(key); if (value) now.append(key, value); history.replaceState(null, "", "?" + now); };

  let rows = runs.map(r => ({ ...r, chosen: true })), total = 0;
  if (given.background) {
    try {
      const found = await (await api("/api/v1/runs/search", { method: "POST", body: { experimentIds: [given.background], filter: query.get("q") ?? undefined, maxResults: DrawnMax } })).json();
      const own = new Set(runs.map(r => r.id));
      const others = found.items.filter(r => !own.has(r.info.runId)).map(r => ({ id: r.info.runId, name: r.info.runName, values: Object.fromEntries([...r.params.map(p => ["params." + p.key, p.value]), ...r.metrics.map(m => ["metrics." + m.key, m.value])]) }));
      rows = [...others, ...rows];
      total = found.items.length + (found.nextPageToken ? 1 : 0);
    } catch (error) { place.querySelector("[data-said]").textContent = error.message; }
  }
  const keys = [...new Set(rows.flatMap(r => Object.keys(r.values)))].sort(), metrics = keys.filter(k => k.startsWith("metrics."));
  const metric = given.metric && metrics.includes("metrics." + given.metric) ? "metrics." + given.metric : metrics[0];
  const kept = (query.get("axes") ?? "").split(",").filter(k => keys.includes(k)), chosen = kept.length > 1 ? kept : axes(rows, keys, metric);
  const name = key => key.replace(/^(params|metrics)\./, "");
  const parallel = place.querySelector("[data-parallel]"), scatter = place.querySelector("[data-scatter]"), said = place.querySelector("[data-said]");
  if (chosen.length < 2) { place.hidden = true; return; }

  const echarts = await library(), drawn = [parallel, scatter].map(e => echarts.init(e, null, { renderer: "canvas" })), [lines, dots] = drawn;
  const look = element => ({ dim: colour(element, "var(--text-3)"), text: colour(element, "var(--text)"), line: colour(element, "var(--line-2)"), accent: colour(element, "var(--accent)"), rest: colour(element, "var(--s-rest)"), ground: colour(element, "var(--surface)"), font: getComputedStyle(element).fontFamily });
  const words = (l, size = 11) => ({ fontFamily: l.font, fontSize: size, color: l.dim });
  const as = (c, v) => c.numeric ? (isFinite(number(v)) && !(c.log && number(v) <= 0) ? number(v) : null) : v ?? null;
  const tone = (run, l) => run.chosen ? colour(place, `var(--s${run.slot % 8 + 1})`) : faded(l.accent, .35);
  let columns = chosen.map(k => column(rows, k, metric)), brushes = new Map();
  for (const part of query.getAll("brush")) {
    const m = /^(.+?):(-?[\d.e+-]*?)\.\.(-?[\d.e+-]*)$/.exec(part), at = m ? columns.findIndex(c => c.key === m[1] || name(c.key) === m[1]) : -1;
    if (at >= 0 && columns[at].numeric) brushes.set(at, [m[2] === "" ? columns[at].min : Number(m[2]), m[3] === "" ? columns[at].max : Number(m[3])]);
  }

  function inside(run) { return [...brushes].every(([i, [a, b]]) => { const v = number(run.values[columns[i].key]); return v >= a && v <= b; }); }
  function tell() {
    const n = brushes.size ? rows.filter(inside).length : null;
    said.textContent = `${rows.length.toLocaleString("en-US")} runs${total > DrawnMax ? `, the first ${DrawnMax.toLocaleString("en-US")} of the filter` : ""}${n == null ? "" : `, ${n.toLocaleString("en-US")} in the brush`}`;
    parallel.setAttribute("aria-label", `Parallel coordinates of ${rows.length} runs over ${chosen.map(name).join(", ")}`);
  }

  function drawParallel() {
    const l = look(place);
    lines.setOption({
      animation: false, textStyle: words(l),
      parallel: { left: 70, right: 70, top: 34, bottom: 16, parallelAxisDefault: { nameLocation: "end", nameGap: 14, nameTextStyle: { ...words(l, 12), color: l.text }, axisLine: { lineStyle: { color: l.line } }, axisTick: { show: false }, axisLabel: { ...words(l), formatter: v => typeof v === "number" ? short(v) : String(v).slice(0, 18) }, areaSelectStyle: { width: 14, color: l.accent, opacity: .22, borderColor: l.accent } } },
      parallelAxis: columns.map((c, dim) => ({ dim, name: name(c.key), ...(c.numeric ? { type: c.log ? "log" : "value", ...(c.log ? { min: c.min, max: c.max } : { scale: true }) } : { type: "category", data: c.categories.map(String) }) })),
      series: [
        { type: "parallel", silent: true, smooth: .3, lineStyle: { width: 1, opacity: .45, color: l.accent }, inactiveOpacity: .06, activeOpacity: .6, progressive: 500, data: rows.filter(r => !r.chosen).map(r => columns.map(c => as(c, r.values[c.key]) ?? "-")) },
        { type: "parallel", smooth: .3, inactiveOpacity: .25, activeOpacity: 1, z: 3, data: rows.filter(r => r.chosen).map((r, i) => ({ value: columns.map(c => as(c, r.values[c.key]) ?? "-"), name: r.name, lineStyle: { width: 2, opacity: 1, color: tone(r, l), type: i === 0 ? "dashed" : "solid" } })) },
      ],
    }, true);
    for (const [i, interval] of brushes) lines.dispatchAction({ type: "axisAreaSelect", parallelAxisIndex: i, intervals: [interval] });
    tell();
  }
  lines.on("axisareaselected", () => {
    brushes = new Map();
    columns.forEach((c, i) => { const set = lines.getModel().getComponent("parallelAxis", i)?.activeIntervals ?? []; if (set.length && c.numeric) brushes.set(i, set[0].map(Number)); });
    const now = new URLSearchParams(location.search);
    now.delete("brush");
    for (const [i, [a, b]] of brushes) now.append("brush", `${columns[i].key}:${+a.toPrecision(6)}..${+b.toPrecision(6)}`);
    history.replaceState(null, "", "?" + now);
    tell();
  });

  const pick = ["sx", "sy", "sz"].map(k => place.querySelector(`[data-${k}]`)), usual = [chosen[0], query.get("as") === "contour" && chosen.length > 2 ? chosen[1] : metric ?? chosen.at(-1), metric ?? chosen.at(-1)], mode = place.querySelector("[data-contour]");
  pick.forEach((select, i) => {
    select.replaceChildren(...keys.filter(k => column(rows, k, metric).numeric).map(k => new Option(name(k), k)));
    const asked = query.get(select.name);
    select.value = keys.includes(asked) ? asked : usual[i];
    if (!select.value && select.options.length) select.selectedIndex = Math.min(i, select.options.length - 1);
    select.onchange = () => { keep(select.name, select.value); drawScatter(); };
  });
  mode.setAttribute("aria-pressed", String(query.get("as") === "contour"));
  mode.onclick = () => { const on = mode.getAttribute("aria-pressed") !== "true"; mode.setAttribute("aria-pressed", String(on)); keep("as", on ? "contour" : ""); drawScatter(); };

  function drawScatter() {
    const l = look(place), [x, y, z] = pick.map(s => column(rows, s.value, metric)), contour = mode.getAttribute("aria-pressed") === "true";
    const axis = c => ({ type: c.log ? "log" : "value", scale: true, name: name(c.key), nameLocation: "middle", nameGap: 26, min: c.log ? c.min : undefined, nameTextStyle: words(l), axisLine: { lineStyle: { color: l.line } }, splitLine: { show: !contour, lineStyle: { color: colour(place, "var(--line)") } }, axisLabel: { ...words(l), formatter: short, hideOverlap: true } });
    const at = (c, v) => { const f = c.log ? Math.log10 : v => v; return c.max === c.min ? .5 : (f(v) - f(c.min)) / (f(c.max) - f(c.min)); }, back = (c, t) => c.log ? c.min * (c.max / c.min) ** t : c.min + (c.max - c.min) * t;
    const points = rows.map(r => ({ r, x: as(x, r.values[x.key]), y: as(y, r.values[y.key]), z: number(r.values[z.key]) })).filter(p => p.x != null && p.y != null);
    const known = points.filter(p => isFinite(p.z)).map(p => ({ x: at(x, p.x), y: at(y, p.y), z: p.z }));
    const cells = [];
    if (contour && known.length > 2) for (let i = 0; i < Grid; i++) for (let j = 0; j < Grid; j++) cells.push([back(x, i / Grid), back(y, j / Grid), back(x, (i + 1) / Grid), back(y, (j + 1) / Grid), between(known, (i + .5) / Grid, (j + .5) / Grid)]);
    const zs = known.map(p => p.z), ramp = ["--q1", "--q2", "--q3", "--q4", "--q5"].map(t => colour(place, `var(${t})`));
    dots.setOption({
      animation: false, textStyle: words(l), grid: { left: 58, right: 64, top: 12, bottom: 40 }, xAxis: axis(x), yAxis: { ...axis(y), nameGap: 44 }, tooltip: { show: false },
      visualMap: contour && zs.length ? { type: "continuous", seriesIndex: 0, dimension: 4, min: Math.min(...zs), max: Math.max(...zs), right: 0, top: "middle", itemHeight: 90, itemWidth: 10, text: [Math.max(...zs), Math.min(...zs)].map(v => short(+v.toPrecision(4))), textStyle: words(l), inRange: { color: ramp } } : { show: false, seriesIndex: [], min: 0, max: 1 },
      series: [
        { type: "custom", silent: true, data: cells, dimensions: ["x", "y", "x2", "y2", "z"], encode: { x: [0, 2], y: [1, 3] }, renderItem: (params, api) => { const a = api.coord([api.value(0), api.value(1)]), b = api.coord([api.value(2), api.value(3)]); return { type: "rect", shape: { x: a[0], y: b[1], width: b[0] - a[0] + .5, height: a[1] - b[1] + .5 }, style: { fill: api.visual("color") } }; } },
        { type: "scatter", symbolSize: 5, itemStyle: { color: contour ? faded(l.text, .5) : faded(l.accent, .5) }, data: points.filter(p => !p.r.chosen).map(p => [p.x, p.y]) },
        { type: "scatter", symbolSize: 10, z: 4, data: points.filter(p => p.r.chosen).map(p => ({ value: [p.x, p.y], name: p.r.name, itemStyle: { color: tone(p.r, l), borderColor: l.ground, borderWidth: 1.5 } })) },
      ],
    }, true);
    scatter.setAttribute("aria-label", `${name(y.key)} by ${name(x.key)} of ${points.length} runs`);
  }
  const draw = () => { drawParallel(); drawScatter(); };
  draw();
  addEventListener("mlops:look", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  const resized = new ResizeObserver(() => drawn.forEach(c => c.resize()));
  [parallel, scatter].forEach(e => resized.observe(e));
}
