// Lines by uPlot: mount(element, data, options) → { update, dispose }. Colours come from the tokens; a change of theme draws again.
let loading;
function library() {
  return loading ??= new Promise((done, fail) => {
    const script = document.createElement("script");
    script.src = new URL("./vendor/uPlot.iife.min.js", import.meta.url);
    script.onload = done;
    script.onerror = fail;
    document.head.append(script);
  });
}

let probe;
/** light-dark() has no value until it is used: a token is read through an element. */
export function colour(element, value) {
  probe ??= document.createElement("i");
  probe.hidden = true;
  element.append(probe);
  probe.style.color = value;
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
export const faded = (c, a) => { const m = c.match(/[\d.]+/g); return `rgba(${m[0]},${m[1]},${m[2]},${a})`; };

export function short(v) {
  if (v == null) return "";
  const a = Math.abs(v);
  if (a >= 1e15 || (a > 0 && a < 1e-4)) return v.toExponential(1).replace("-", "−").replace("e+", "e");
  if (a >= 1e4) { const k = Math.min(4, Math.floor(Math.log10(a) / 3)); return +(v / 1000 ** k).toPrecision(3) + " " + ["", "k", "M", "G", "T"][k]; }
  return String(+v.toPrecision(6)).replace("-", "−");
}

/** Milliseconds since a start. */
export function since(ms) {
  const s = ms / 1000;
  return s < 120 ? +s.toPrecision(3) + " s" : s < 7200 ? +(s / 60).toPrecision(3) + " min" : s < 172800 ? +(s / 3600).toPrecision(3) + " h" : +(s / 86400).toPrecision(3) + " d";
}

/** Exponential, without bias at the start; a distance of several units, the usual distance of two points, weighs as many. */
export function smooth(xs, ys, w, unit) {
  if (!w) return ys;
  let m = 0, n = 0, before = null;
  const least = unit ?? xs.reduce((d, x, i) => i && x > xs[i - 1] ? Math.min(d, x - xs[i - 1]) : d, Infinity);
  return ys.map((y, i) => {
    if (y == null) return null;
    const k = before == null || !isFinite(least) || least <= 0 ? w : w ** ((xs[i] - before) / least);
    before = xs[i];
    m = m * k + (1 - k) * y; n = n * k + (1 - k);
    return n ? m / n : y;
  });
}

/** The smoothed line of reduced points: the middle of each bucket, at each of its points. */
export function soften(line, w) {
  const { x, y, width = 1, count = x.length } = line;
  if (!w || x.length < 2) return y.map(() => null);
  const middles = [], at = [], places = [];
  for (let i = 0; i < x.length;) {
    let next = i + 1;
    if (next < x.length && Math.floor(x[next] / width) === Math.floor(x[i] / width)) next++;
    at.push((x[i] + x[next - 1]) / 2); middles.push((y[i] + y[next - 1]) / 2);
    for (; i < next; i++) places.push(at.length - 1);
  }
  const soft = smooth(at, middles, w, (x.at(-1) - x[0]) / Math.max(1, count - 1));
  return places.map(p => soft[p]);
}

/** From the 1st to the 99th of a hundred. */
export function usual(values) {
  const sorted = values.filter(v => v != null).sort((a, b) => a - b);
  return sorted.length < 20 ? null : [sorted[Math.floor(sorted.length * .01)], sorted[Math.ceil(sorted.length * .99) - 1]];
}

// A table holds each x once: equal ones are drawn a hair apart.
function apart(x) {
  const out = x.slice();
  for (let i = 1; i < out.length; i++) if (out[i] <= out[i - 1]) out[i] = out[i - 1] + Math.max(1e-6, Math.abs(out[i - 1]) * 1e-12);
  return out;
}

const asLines = data => data.lines ?? [{
  x: data.x.flatMap((x, i) => data.low[i] === data.high[i] ? [x] : [x, x]),
  y: data.x.flatMap((x, i) => data.low[i] === data.high[i] ? [data.low[i]] : [data.low[i], data.high[i]]),
  marks: data.marks,
}];

/**
 * data: { x, low, high, marks: [x of what is no number] }, or { lines: [{ label, colour, dash, x, y, width, count, marks, low, high }] } with low and high as a band around y.
 * options: { smoothing 0–99, log, time, relative, outliers, range: [from, to], best: "min" | "max", live, sync, zoom(from, to), said(text) }
 */
export function mount(element, data, options) {
  let plot, ended = false, lines = [], held = null, clip = null, tip = null;
  const inside = () => element.matches(":hover");

  function columns() {
    const w = (options.smoothing ?? 0) / 100, tables = [];
    let dropped = 0;
    lines = asLines(data);
    for (const line of lines) {
      const fits = v => v != null && options.log && v <= 0 ? (dropped++, null) : v;
      const raw = line.y.map(fits);
      line.best = options.best && raw.reduce((b, v, i) => v != null && (b == null || (options.best === "min" ? v < raw[b] : v > raw[b])) ? i : b, null);
      line.plain = raw;
      tables.push(line.low ? [apart(line.x), line.low.map(fits), line.high.map(fits), raw] : [apart(line.x), raw, soften(line, w).map(v => options.log && v <= 0 ? null : v)]);
    }
    clip = options.outliers ? usual(lines.flatMap(l => l.plain)) : null;
    options.said?.(dropped ? `${dropped} ≤ 0 left out` : "");
    return tables.length > 1 ? uPlot.join(tables) : tables[0] ?? [[], []];
  }

  const label = v => options.relative ? since(v) : short(v);

  async function draw() {
    await library();
    if (ended || !element.clientWidth) return;
    const dim = colour(element, "var(--text-3)"), grid = colour(element, "var(--line)"), bad = colour(element, "var(--bad)"), ground = colour(element, "var(--surface)");
    const font = `11px ${getComputedStyle(element).fontFamily}`, soft = options.smoothing > 0, series = [{}], bands = [], table = columns();
    for (const line of lines) {
      const c = line.c = colour(element, line.colour ?? "var(--c)"), none = { stroke: "transparent", points: { show: false }, spanGaps: true };
      const own = { stroke: c, width: 1.5, dash: line.dash, spanGaps: true, points: { show: line.x.length < 2, size: 5, fill: c } };
      if (line.low) { series.push(none, none, own); bands.push({ series: [series.length - 2, series.length - 3], fill: faded(c, .14) }); }
      else series.push(soft ? { ...own, stroke: faded(c, .26), width: 1 } : own, { ...own, points: { show: false } });
    }
    plot?.destroy();
    element.replaceChildren();
    tip = Object.assign(document.createElement("div"), { className: "tip chart-tip", hidden: true });
    plot = new uPlot({
      width: element.clientWidth, height: element.clientHeight, padding: [8, 14, 0, 0], legend: { show: false }, bands,
      cursor: { y: false, points: { size: 6 }, drag: { x: true, y: false, setScale: !options.zoom }, sync: { key: options.sync ?? "run", setSeries: false }, bind: options.zoom ? { dblclick: () => () => options.zoom(null) } : {} },
      scales: {
        x: { time: !!options.time, ...(options.range ? { range: () => options.range } : {}) },
        y: { distr: options.log ? 3 : 1, ...(options.log ? {} : { range: (u, min, max) => held ?? (clip ? uPlot.rangeNum(clip[0], clip[1], .1, true) : min == null ? [0, 1] : uPlot.rangeNum(min, max, .1, true)) }) },
      },
      series,
      axes: [
        { stroke: dim, font, size: 22, space: options.relative ? 72 : 64, grid: { show: false }, ticks: { show: false }, gap: 6, ...(options.time ? {} : { values: (u, v) => v.map(label) }) },
        { stroke: dim, font, size: 48, space: 26, grid: { stroke: grid, width: 1 }, ticks: { show: false }, gap: 6, values: (u, v) => v.map(short) },
      ],
      hooks: {
        draw: [u => overlay(u, { bad, ground, dim, font })],
        setSelect: [u => { if (!options.zoom || u.select.width < 4) return; const from = u.posToVal(u.select.left, "x"), to = u.posToVal(u.select.left + u.select.width, "x"); u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false); options.zoom(from, to); }],
        setCursor: [u => tell(u)],
      },
    }, table, element);
    element.append(tip);
  }

  function overlay(u, { bad, ground, dim, font }) {
    const c = u.ctx, r = devicePixelRatio || 1, b = u.bbox, floor = b.top + b.height - 7 * r, on = p => p >= b.left - r && p <= b.left + b.width + r;
    c.save(); c.lineWidth = 1.5 * r;
    for (const line of lines) {
      c.strokeStyle = bad; c.beginPath();
      for (const at of line.marks ?? []) { const p = u.valToPos(at, "x", true); if (on(p)) { c.moveTo(p - 3 * r, floor - 3 * r); c.lineTo(p + 3 * r, floor + 3 * r); c.moveTo(p + 3 * r, floor - 3 * r); c.lineTo(p - 3 * r, floor + 3 * r); } }
      c.stroke(); c.strokeStyle = c.fillStyle = line.c;
      if (clip) {
        c.beginPath();
        line.plain.forEach((v, i) => {
          if (v == null || (v >= u.scales.y.min && v <= u.scales.y.max)) return;
          const p = u.valToPos(line.x[i], "x", true), up = v > u.scales.y.max, y = up ? b.top + 1 : b.top + b.height - 1, d = (up ? 5 : -5) * r;
          if (on(p)) { c.moveTo(p, y); c.lineTo(p - 3 * r, y + d); c.lineTo(p + 3 * r, y + d); c.closePath(); }
        });
        c.fill();
      }
      const ends = options.live && lines.length === 1 ? line.plain.findLastIndex(v => v != null) : -1;
      if (ends >= 0) { const p = u.valToPos(line.x[ends], "x", true); if (on(p)) { c.beginPath(); c.arc(p, u.valToPos(line.plain[ends], "y", true), 3 * r, 0, 7); c.fill(); } }
      if (line.best != null && lines.length === 1 && line.x.length > 1) {
        const p = u.valToPos(line.x[line.best], "x", true), y = u.valToPos(line.plain[line.best], "y", true), left = p > b.left + b.width / 2;
        if (!on(p) || y < b.top || y > b.top + b.height) continue;
        c.beginPath(); c.fillStyle = ground; c.arc(p, y, 4 * r, 0, 7); c.fill(); c.stroke();
        c.font = `500 ${font.replace("11px", 11 * r + "px")}`; c.textAlign = left ? "right" : "left"; c.lineWidth = 4 * r; c.strokeStyle = ground; c.lineJoin = "round"; c.fillStyle = dim;
        const words = "best " + short(+line.plain[line.best].toPrecision(4)), at = [p + (left ? -8 : 8) * r, Math.min(b.top + b.height - 4 * r, Math.max(b.top + 10 * r, y + (options.best === "min" ? 16 : -8) * r))];
        c.strokeText(words, ...at); c.fillText(words, ...at); c.lineWidth = 1.5 * r;
      }
    }
    c.restore();
  }

  /** The crosshair is in every chart, the values only in the one under the pointer: sorted, the nearest bold, ten at most. */
  function tell(u) {
    const { left, top } = u.cursor;
    if (!inside() || left == null || left < 0 || !lines.length) { tip.hidden = true; return; }
    const x = u.posToVal(left, "x"), y = u.posToVal(top, "y"), found = [];
    for (const line of lines) {
      let low = 0, high = line.x.length - 1;
      while (low < high) { const m = (low + high) >> 1; if (line.x[m] < x) low = m + 1; else high = m; }
      const i = low > 0 && x - line.x[low - 1] < line.x[low] - x ? low - 1 : low;
      if (line.plain[i] != null) found.push({ line, x: line.x[i], y: line.plain[i] });
    }
    if (!found.length) { tip.hidden = true; return; }
    const near = found.reduce((a, b) => Math.abs(b.y - y) < Math.abs(a.y - y) ? b : a);
    const head = Object.assign(document.createElement("div"), { className: "dim", textContent: options.time ? new Date(near.x * 1000).toLocaleString("en-GB") : options.relative ? "after " + since(near.x) : "step " + near.x.toLocaleString("en-US") });
    const rows = found.sort((a, b) => b.y - a.y).slice(0, 10).map(f => {
      const row = Object.assign(document.createElement("div"), { className: "row" }), swatch = Object.assign(document.createElement("i"), { className: "swatch" });
      swatch.style.background = f.line.c;
      row.append(swatch, Object.assign(document.createElement(f === near ? "b" : "span"), { className: "grow cut", textContent: f.line.label ?? "" }), Object.assign(document.createElement(f === near ? "b" : "span"), { textContent: short(f.y) }));
      return row;
    });
    tip.replaceChildren(head, ...rows);
    tip.hidden = false;
    const at = left + u.over.offsetLeft;
    tip.style.left = (at > element.clientWidth / 2 ? at - tip.offsetWidth - 12 : at + 12) + "px";
    tip.style.top = Math.min(Math.max(0, top - 12), Math.max(0, element.clientHeight - tip.offsetHeight)) + "px";
  }

  const resized = new ResizeObserver(() => { if (plot && element.clientWidth && (element.clientWidth !== plot.width || element.clientHeight !== plot.height)) plot.setSize({ width: element.clientWidth, height: element.clientHeight }); });
  resized.observe(element);
  const hide = () => { if (tip) tip.hidden = true; };
  element.addEventListener("mouseleave", hide);
  addEventListener("mlops:look", draw);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", draw);
  const first = draw();
  return {
    drawn: first,
    /** Without new settings the data moves on in the same chart, and y stays while the pointer is inside. */
    update(newer, settings) {
      data = newer ?? data;
      if (settings || !plot || asLines(data).length !== lines.length) { options = { ...options, ...settings }; held = null; return draw(); }
      held = inside() ? [plot.scales.y.min, plot.scales.y.max] : null;
      const colours = lines.map(l => l.c), table = columns();
      lines.forEach((l, i) => l.c = colours[i]);
      plot.setData(table);
    },
    dispose() { ended = true; resized.disconnect(); element.removeEventListener("mouseleave", hide); removeEventListener("mlops:look", draw); dark.removeEventListener("change", draw); plot?.destroy(); },
  };
}
