import { api, fill, copy, tables } from "./shell.js";

const main = document.getElementById("main"), head = main.querySelector("[data-deployment]"), name = head?.dataset.deployment;
const at = `/api/v1/deployments/${encodeURIComponent(name ?? "")}`;

/** The same page, asked for again; only its parts are changed, so that what is typed stays. */
async function refresh() {
  const answer = await fetch(location.href);
  if (!answer.ok || answer.redirected) return;
  const next = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of main.querySelectorAll("[data-part]")) {
    const fresh = next.querySelector(`[data-part="${part.dataset.part}"]`);
    if (fresh) fill(part, fresh);
  }
}
if (head) setInterval(() => { if (!document.hidden && !main.querySelector("[data-part]:hover") && !document.querySelector("dialog[open]") && !main.querySelector("[data-split]")) refresh(); }, 10000);

// Roll back.
const dialog = document.getElementById("rollback");
let key;
main.addEventListener("click", e => { if (e.target.closest("[data-do=rollback]")) { key = crypto.randomUUID(); dialog.querySelector("[data-fault]").hidden = true; dialog.showModal(); } });
dialog?.querySelector("form").addEventListener("submit", async e => {
  e.preventDefault();
  try { await api(at + "/rollback", { method: "POST", headers: { "Idempotency-Key": key } }); location.reload(); }
  catch (error) { const place = dialog.querySelector("[data-fault]"); place.textContent = error.message; place.hidden = false; }
});

/** Whole percents that add up to 100: one is set, the others share what is left as they did before. */
export function share(percents, changed, to) {
  to = Math.min(100, Math.max(0, Math.round(to)));
  const others = Object.keys(percents).filter(k => k !== String(changed)), rest = 100 - to, sum = others.reduce((s, k) => s + percents[k], 0), out = { [changed]: others.length ? to : 100 };
  const exact = others.map((k, i) => ({ k, v: sum > 0 ? rest * percents[k] / sum : i === 0 ? rest : 0 }));
  exact.forEach(e => out[e.k] = Math.floor(e.v));
  let left = (others.length ? rest : 0) - exact.reduce((s, e) => s + Math.floor(e.v), 0);
  for (const e of [...exact].sort((a, b) => b.v % 1 - a.v % 1)) if (left-- > 0) out[e.k]++;
  return out;
}

const split = main.querySelector("[data-split]");
if (split) {
  const first = Object.fromEntries([...split.querySelectorAll("[data-share]")].map(r => [r.dataset.share, Number(r.value)]));
  let now = { ...first };
  const bar = split.querySelector("[data-traffic-bar]"), fault = split.querySelector("[data-fault]"), apply = split.querySelector("[type=submit]");
  const show = except => {
    for (const range of split.querySelectorAll("[data-share]")) range.value = now[range.dataset.share];
    for (const field of split.querySelectorAll("[data-percent]")) if (field !== except) { field.value = now[field.dataset.percent]; field.parentElement.removeAttribute("aria-invalid"); field.removeAttribute("aria-invalid"); }
    const changed = Object.keys(now).filter(k => now[k] !== first[k]);
    apply.disabled = changed.length === 0;
    split.querySelector("[data-sum]").textContent = changed.length ? changed.map(k => `revision ${k}: ${first[k]} % → ${now[k]} %`).join(", ") : "";
    let before = 0;
    bar.replaceChildren(...Object.keys(now).map(Number).sort((a, b) => a - b).filter(k => now[k] > 0).map(k => {
      const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      for (const [a, v] of Object.entries({ class: `c${(k - 1) % 8}`, x: before + "%", width: now[k] + "%", height: 10, rx: 2 })) rect.setAttribute(a, v);
      before += now[k];
      return rect;
    }));
    bar.setAttribute("aria-label", "Traffic: " + Object.keys(now).filter(k => now[k] > 0).map(k => `${now[k]} % revision ${k}`).join(", "));
    fault.hidden = true;
  };
  split.addEventListener("input", e => {
    const of = e.target.dataset.share ?? e.target.dataset.percent, value = e.target.value.trim();
    if (e.target.dataset.percent && !/^(\d{1,2}|100)$/.test(value)) {
      e.target.setAttribute("aria-invalid", "true");
      e.target.parentElement.setAttribute("aria-invalid", "true");
      fault.textContent = `Percent of revision ${of} must be a whole number of 0 to 100, not '${value}'.`;
      fault.hidden = false;
      apply.disabled = true;
      return;
    }
    e.target.removeAttribute("aria-invalid");
    e.target.parentElement.removeAttribute("aria-invalid");
    now = share(now, of, Number(value));
    show(e.target);
  });
  split.addEventListener("reset", e => { e.preventDefault(); now = { ...first }; show(); });
  split.addEventListener("submit", async e => {
    e.preventDefault();
    apply.disabled = true;
    try {
      await api(at + "/traffic", { method: "PUT", body: Object.entries(now).filter(([, v]) => v > 0).map(([k, v]) => ({ revision: Number(k), percent: v })) });
      location.reload();
    } catch (error) { fault.textContent = error.message; fault.hidden = false; apply.disabled = false; }
  });
}

// Try it.
const form = main.querySelector("[data-try]");
if (form) {
  const inputs = [...form.querySelectorAll("[data-input]")], code = main.querySelector("[data-code]"), other = form.querySelector("[data-fault]");
  /** The value of a field, or what is wrong with it. */
  const read = field => {
    const { kind, datatype } = field.dataset, text = field.value.trim();
    if (kind === "tensor") {
      let values;
      try { values = JSON.parse(text || "[]"); } catch { return { fault: `“${text}” is not a JSON list.` }; }
      values = Array.isArray(values) ? values.flat(Infinity) : null;
      return values?.length === Number(field.dataset.size) ? { values } : { fault: `It takes a list of ${field.dataset.size} values.` };
    }
    if (kind === "text") return { values: [field.value === "" ? null : field.value] };
    if (text === "") return kind === "whole" ? { fault: `${datatype} has no missing value; give a whole number.` } : { values: [null] };
    if (kind === "bool") return { values: [text === "true"] };
    const number = Number(text);
    if (!Number.isFinite(number) || /^0[xbo]/i.test(text)) return { fault: `“${text}” is not a number${kind === "number" ? "; leave it empty for a missing value" : ""}.` };
    return kind === "whole" && !Number.isSafeInteger(number) ? { fault: `“${text}” is not a whole number.` } : { values: [number] };
  };
  const tell = (field, text) => {
    const place = document.getElementById(field.getAttribute("aria-describedby")), box = field.closest("span.input") ?? field;
    place.textContent = text ?? "";
    place.hidden = !text;
    for (const e of [field, box]) if (text) e.setAttribute("aria-invalid", "true"); else e.removeAttribute("aria-invalid");
    return text;
  };
  const body = () => ({ inputs: inputs.map(f => ({ name: f.dataset.input, datatype: f.dataset.datatype, shape: JSON.parse(f.dataset.shape), data: read(f).values ?? [null] })) });
  const path = () => { const v = form.querySelector("[data-version]").value; return `/v2/models/${encodeURIComponent(form.dataset.try)}${v ? "/versions/" + v : ""}/infer`; };

  const quoted = t => JSON.stringify(t);
  const sharp = (input, v) => {
    const one = x => input.datatype === "BYTES" ? quoted(x ?? "") : input.datatype === "BOOL" ? String(x ?? false) : x == null ? (input.datatype === "FP64" ? "double.NaN" : "float.NaN") : input.datatype.startsWith("FP") ? x + (input.datatype === "FP64" ? "d" : "f") : x + "L";
    return `Columns.Of(${quoted(input.name)}, ${v.map(one).join(", ")})`;
  };
  const python = v => v === null ? "None" : v === true ? "True" : v === false ? "False" : Array.isArray(v) ? `[${v.map(python).join(", ")}]` : typeof v === "object" ? `{${Object.entries(v).map(([k, x]) => `${quoted(k)}: ${python(x)}`).join(", ")}}` : JSON.stringify(v);
  const written = {
    json: b => JSON.stringify(b, null, 1),
    curl: b => `curl ${location.origin}${path()} \\\n  -H 'Content-Type: application/json' \\\n  -d '${JSON.stringify(b).replaceAll("'", "'\\''")}'`,
    csharp: b => `using var client = MlopsGrainsClient.Create(new() { BaseAddress = new Uri(${quoted(location.origin)}) });\nvar answer = await client.Inference.InferAsync(${quoted(form.dataset.try)},\n[\n${b.inputs.map(i => "    " + sharp(i, i.data)).join(",\n")},\n]);`,
    python: b => `import requests\n\nanswer = requests.post(${quoted(location.origin + path())}, json=${python(b)})\nprint(answer.json()["outputs"])`,
  };
  main.addEventListener("click", e => {
    const as = e.target.closest("[data-as]")?.dataset.as;
    if (as) {
      for (const button of main.querySelectorAll("[data-as]")) button.setAttribute("aria-pressed", String(button.dataset.as === as));
      form.hidden = as !== "form";
      code.hidden = as === "form";
      if (as !== "form") code.querySelector("pre").textContent = written[as](body());
    }
    if (e.target.closest("[data-do=copy-code]")) copy(code.querySelector("pre").textContent);
  });
  form.addEventListener("input", e => { if (e.target.matches("[data-input]")) tell(e.target, read(e.target).fault); });
  form.addEventListener("submit", async e => {
    e.preventDefault();
    const wrong = inputs.filter(f => tell(f, read(f).fault)), button = form.querySelector("[type=submit]");
    other.hidden = true;
    if (wrong.length) { wrong[0].closest("details")?.setAttribute("open", ""); return wrong[0].focus(); }
    button.disabled = true;
    const began = performance.now(), place = main.querySelector("[data-answer]");
    try {
      const answer = await api(path(), { method: "POST", body: body() }), said = await answer.json(), list = place.querySelector("dl");
      const pair = (term, text) => [Object.assign(document.createElement("dt"), { textContent: term }), Object.assign(document.createElement("dd"), { textContent: text })];
      list.replaceChildren(...said.outputs.flatMap(o => pair(o.name, o.data.map(v => typeof v === "number" ? +v.toPrecision(6) : v).join(", "))), ...pair("version", `model version ${said.model_version}`));
      place.querySelector("[data-status]").textContent = answer.status;
      place.querySelector("[data-took]").textContent = `${(performance.now() - began).toFixed(1)} ms`;
      place.hidden = false;
    } catch (error) {
      const field = inputs.find(f => error.message.includes(`'${f.dataset.input}'`));
      if (field) { tell(field, error.message); field.focus(); } else { other.textContent = error.message; other.hidden = false; }
    } finally { button.disabled = false; }
  });
}

// T: the tables behind the charts.
tables(main);
