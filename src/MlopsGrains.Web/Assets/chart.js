// Lines by uPlot: mount(element, options) → { update, dispose }. Colours come from the tokens; a change of theme draws again.
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
const faded = (c, a) => { const m = c.match(/[\d.]+/g); return `rgba(${m[0]},${m[1]},${m[2]},${a})`; };

export function short(v) {
  if (v == null) return "";
  const a = Math.abs(v);
  if (a >= 1e15 || (a > 0 && a < 1e-4)) return v.toExponential(1).replace("-", "−").replace("e+", "e");
  if (a >= 1e4) { const k = Math.min(4, Math.floor(Math.log10(a) / 3)); return +(v / 1000 ** k).toPrecision(3) + " " + ["", "k", "M", "G", "T"][k]; }
  return String(+v.toPrecision(6)).replace("-", "−");
}

/** Exponential, without bias at the start; a distance of many steps weighs as many. */
export function smooth(xs, ys, w) {
  if (!w) return ys;
  let m = 0, n = 0, before = null;
  const least = xs.reduce((d, x, i) => i && x > xs[i - 1] ? Math.min(d, x - xs[i - 1]) : d, Infinity);
  return ys.map((y, i) => {
    if (y == null) return null;
    const k = before == null || !isFinite(least) ? w : w ** Math.max(1, (xs[i] - before) / least);
    before = xs[i];
    m = m * k + (1 - k) * y; n = n * k + (1 - k);
    return m / n;
  });
}

/** data: { x, low, high, marks: [x of what is no number] }; options: { smoothing 0–99, log, time } */
export function mount(element, data, options) {
  let plot, ended = false;
  async function draw() {
    await library();
    if (ended || !element.clientWidth) return;
    const line = colour(element, "var(--c)"), dim = colour(element, "var(--text-3)"), grid = colour(element, "var(--line)"), bad = colour(element, "var(--bad)");
    const font = `11px ${getComputedStyle(element).fontFamily}`;
    // Both ends of each bucket, so that no spike is lost.
    const w = options.smoothing / 100, x = [], raw = [], even = [];
    const soft = smooth(data.x, data.low.map((low, i) => (low + data.high[i]) / 2), w);
    data.x.forEach((at, i) => {
      for (const v of data.low[i] === data.high[i] ? [data.low[i]] : [data.low[i], data.high[i]]) { x.push(at); raw.push(options.log && v <= 0 ? null : v); even.push(w ? soft[i] : null); }
    });
    plot?.destroy();
    element.replaceChildren();
    plot = new uPlot({
      width: element.clientWidth, height: element.clientHeight, padding: [8, 14, 0, 0], legend: { show: false },
      cursor: { y: false, points: { size: 6 }, drag: { x: true, y: false }, sync: { key: "run", setSeries: false } },
      scales: { x: { time: !!options.time }, y: { distr: options.log ? 3 : 1 } },
      series: [{}, { stroke: w ? faded(line, .26) : line, width: w ? 1 : 1.5, points: { show: x.length < 2, size: 5, fill: line } }, { stroke: line, width: 1.5, points: { show: false } }],
      axes: [
        { stroke: dim, font, size: 22, space: 64, grid: { show: false }, ticks: { show: false }, gap: 6, ...(options.time ? {} : { values: (u, v) => v.map(short) }) },
        { stroke: dim, font, size: 48, space: 26, grid: { stroke: grid, width: 1 }, ticks: { show: false }, gap: 6, values: (u, v) => v.map(short) },
      ],
      hooks: { draw: [u => {
        const c = u.ctx, r = devicePixelRatio || 1, y = u.bbox.top + u.bbox.height - 7 * r;
        c.save(); c.strokeStyle = bad; c.lineWidth = 1.5 * r; c.beginPath();
        for (const at of data.marks) { const p = u.valToPos(at, "x", true); c.moveTo(p - 3 * r, y - 3 * r); c.lineTo(p + 3 * r, y + 3 * r); c.moveTo(p + 3 * r, y - 3 * r); c.lineTo(p - 3 * r, y + 3 * r); }
        c.stroke(); c.restore();
      }] },
    }, [x, raw, even], element);
  }
  const resized = new ResizeObserver(() => { if (plot && element.clientWidth && element.clientWidth !== plot.width) plot.setSize({ width: element.clientWidth, height: plot.height }); });
  resized.observe(element);
  addEventListener("mlops:look", draw);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", draw);
  draw();
  return {
    update(newer, settings) { data = newer ?? data; options = { ...options, ...settings }; return draw(); },
    dispose() { ended = true; resized.disconnect(); removeEventListener("mlops:look", draw); dark.removeEventListener("change", draw); plot?.destroy(); },
  };
}
