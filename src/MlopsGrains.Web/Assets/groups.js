import { api } from "./shell.js";
import { mount } from "./chart.js";

const RunsMax = 100, Grid = 120, z = { 90: 1.644854, 95: 1.959964, 99: 2.575829 };

// A choice is asked for at once; of three groups the first chosen goes.
const form = document.querySelector("[data-groups]");
form?.addEventListener("change", e => {
  const chosen = [...form.querySelectorAll("[name=g]:checked")];
  if (e.target.name === "g" && chosen.length > 2) chosen.find(c => c !== e.target).checked = false;
  if (e.target.name !== "q" && e.target.name !== "seeds") form.requestSubmit();
});
// What is empty is left out of the address.
form?.addEventListener("formdata", e => { for (const [key, value] of [...e.formData]) if (value === "") e.formData.delete(key); });

/** Student's quantile, two-sided, for a confidence of 90, 95 or 99 %. */
export function student(freedom, confidence) {
  const v = z[confidence], p = (1 + confidence / 100) / 2;
  if (freedom === 1) return Math.tan(Math.PI * (p - .5));
  if (freedom === 2) { const a = 4 * p * (1 - p); return 2 * (p - .5) * Math.sqrt(2 / a); }
  return v + (v ** 3 + v) / (4 * freedom) + (5 * v ** 5 + 16 * v ** 3 + 3 * v) / (96 * freedom ** 2) + (3 * v ** 7 + 19 * v ** 5 + 17 * v ** 3 - 15 * v) / (384 * freedom ** 3) + (79 * v ** 9 + 776 * v ** 7 + 1482 * v ** 5 - 1920 * v ** 3 - 945 * v) / (92160 * freedom ** 4);
}

/** Mean and band of curves at common steps, where two of them or more reach; curves: [{ x, y }]. */
export function band(curves, confidence) {
  const all = curves.filter(c => c.x.length), from = Math.min(...all.map(c => c.x[0])), to = Math.max(...all.map(c => c.x.at(-1))), out = { x: [], y: [], low: [], high: [], marks: [] };
  const places = all.map(() => 0);
  for (let i = 0; i <= (to > from ? Grid : 0); i++) {
    const x = from + (to - from) * i / Grid, values = [];
    all.forEach((c, k) => {
      if (x < c.x[0] || x > c.x.at(-1)) return;
      while (places[k] < c.x.length - 2 && c.x[places[k] + 1] < x) places[k]++;
      const a = places[k], b = Math.min(a + 1, c.x.length - 1), t = c.x[b] > c.x[a] ? (x - c.x[a]) / (c.x[b] - c.x[a]) : 0;
      values.push(c.y[a] + (c.y[b] - c.y[a]) * t);
    });
    const n = values.length;
    if (n < 2) continue;
    const mean = values.reduce((s, v) => s + v, 0) / n, half = student(n - 1, confidence) * Math.sqrt(values.reduce((s, v) => s + (v - mean) ** 2, 0) / (n - 1) / n);
    out.x.push(x); out.y.push(mean); out.low.push(mean - half); out.high.push(mean + half);
  }
  return out;
}

const place = document.querySelector("[data-bands]");
if (place) draw(place).catch(error => place.textContent = error.message);

async function draw(place) {
  const asked = JSON.parse(place.dataset.bands), found = await (await api("/api/v1/runs/search", { method: "POST", body: { experimentIds: [asked.experiment], filter: asked.filter ?? undefined, maxResults: 2000 } })).json();
  const own = params => JSON.stringify(params.filter(p => !asked.seeds.includes(p.key)).map(p => [p.key, p.value]).sort((a, b) => a[0] < b[0] ? -1 : 1));
  const lines = [];
  for (const group of asked.groups) {
    const mine = own(group.params), ids = found.items.filter(r => own(r.params) === mine).map(r => r.info.runId).slice(0, RunsMax);
    if (ids.length < 2) continue;
    const { curves } = await (await api("/api/v1/runs/curves", { method: "POST", body: { runIds: ids, keys: [asked.metric], buckets: 200 } })).json();
    lines.push({ ...band(curves, asked.confidence), label: group.name, colour: group.colour, dash: group.dash ? [4, 3] : undefined });
  }
  if (lines.some(l => l.x.length > 1)) mount(place, { lines }, {}); else place.textContent = "Each run logged this metric once; there is no curve.";
}
