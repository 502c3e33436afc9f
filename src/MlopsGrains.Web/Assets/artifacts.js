// What is in a file of a run. Nothing of it runs: texts are texts, images come from memory, HTML is in a frame without scripts and without an origin.
import { api } from "./shell.js";

const AtOnceMax = 5 * 1024 * 1024, LinesMax = 5000, RowsMax = 1000, EntriesMax = 200;
const images = { png: "image/png", jpg: "image/jpeg", jpeg: "image/jpeg", gif: "image/gif", webp: "image/webp", svg: "image/svg+xml", bmp: "image/bmp" };
const texts = ["txt", "log", "py", "cs", "js", "ts", "sh", "sql", "r", "yaml", "yml", "toml", "ini", "cfg", "conf", "xml", "rst", "md", "markdown", "err", "properties", "java", "scala", "cpp", "h", "go", "rs"];
const node = (name, props = {}, ...children) => { const e = Object.assign(document.createElement(name), props); e.append(...children); return e; };

/** Rows of comma- or tab-separated text, quotes as RFC 4180 has them. */
export function rows(text, separator = ",", max = RowsMax + 1) {
  const found = [];
  let row = [], cell = "", quoted = false;
  const end = () => { row.push(cell); cell = ""; }, line = () => { end(); if (row.length > 1 || row[0] !== "") found.push(row); row = []; };
  for (let i = 0; i < text.length && found.length < max; i++) {
    const c = text[i];
    if (quoted) { if (c !== '"') cell += c; else if (text[i + 1] === '"') { cell += '"'; i++; } else quoted = false; }
    else if (c === '"' && cell === "") quoted = true;
    else if (c === separator) end();
    else if (c === "\n") line();
    else if (c !== "\r") cell += c;
  }
  if (found.length < max && (cell !== "" || row.length)) line();
  return found;
}

const place = document.querySelector("[data-artifact]");
if (place) show(place);

function show(place) {
  const name = place.dataset.name, dot = name.lastIndexOf("."), kind = dot < 0 ? name.toLowerCase() : name.slice(dot + 1).toLowerCase(), bytes = Number(place.dataset.bytes);
  const known = images[kind] || texts.includes(kind) || ["json", "ipynb", "csv", "tsv", "html", "htm", "mlmodel", "mlproject"].includes(kind);
  if (!known) return place.replaceChildren(node("p", { className: "dim pad", textContent: "No preview of this kind of file; its size and digest stand above." }));
  const load = async () => {
    place.setAttribute("aria-busy", "true");
    try { if (place.dataset.markdown) place.innerHTML = await (await api(place.dataset.markdown)).text(); else place.replaceChildren(...await view(await (await api(place.dataset.artifact)).blob(), kind)); if (location.hash) mark(); }
    catch (error) { place.replaceChildren(node("p", { className: "note bad", textContent: error.message })); }
    place.removeAttribute("aria-busy");
  };
  if (bytes <= AtOnceMax) return load();
  const button = node("button", { type: "button", className: "btn", textContent: "Show it anyway" });
  button.onclick = load;
  place.replaceChildren(node("div", { className: "pad" }, node("p", { className: "dim", textContent: `The file has ${(bytes / 1048576).toFixed(0)} MiB; it is loaded only when you ask for it.` }), button));
}

async function view(blob, kind) {
  if (images[kind]) return [node("img", { src: URL.createObjectURL(new Blob([blob], { type: images[kind] })), alt: place.dataset.name, className: "picture" })];
  const text = await blob.text();
  if (kind === "csv" || kind === "tsv") return table(rows(text, kind === "tsv" ? "\t" : ","));
  if (kind === "html" || kind === "htm") {
    const frame = node("iframe", { title: place.dataset.name, className: "framed" });
    frame.setAttribute("sandbox", "");
    frame.srcdoc = text;
    return [frame];
  }
  if (kind === "json" || kind === "ipynb") { try { return [node("div", { className: "json" }, branch(JSON.parse(text), true))]; } catch { /* shown as it is */ } }
  return lines(text);
}

function table(found) {
  if (!found.length) return [node("p", { className: "dim pad", textContent: "The file is empty." })];
  const [head, ...body] = found, more = body.length >= RowsMax;
  return [
    node("table", { className: "t" }, node("thead", {}, node("tr", {}, ...head.map(c => node("th", { scope: "col", textContent: c })))), node("tbody", {}, ...body.slice(0, RowsMax).map(r => node("tr", {}, ...r.map(c => node("td", { textContent: c })))))),
    ...(more ? [node("p", { className: "dim pad", textContent: `The first ${RowsMax.toLocaleString("en-US")} rows.` })] : []),
  ];
}

/** Each line has an address. */
function lines(text) {
  const all = text.split(/\r?\n/), list = node("div", { className: "code lines" });
  all.slice(0, LinesMax).forEach((line, i) => list.append(node("div", { id: `L${i + 1}` }, node("a", { href: `#L${i + 1}`, className: "no", textContent: String(i + 1) }), node("span", { textContent: line }))));
  return [list, ...(all.length > LinesMax ? [node("p", { className: "dim pad", textContent: `The first ${LinesMax.toLocaleString("en-US")} of ${all.length.toLocaleString("en-US")} lines.` })] : [])];
}
function mark() {
  place.querySelectorAll(".at").forEach(e => e.classList.remove("at"));
  const line = /^#L\d+$/.test(location.hash) && place.querySelector(location.hash);
  if (line) { line.classList.add("at"); line.scrollIntoView({ block: "center" }); }
}
addEventListener("hashchange", () => place && mark());

/** Folded; what is below is made when it is opened. */
function branch(value, open = false) {
  if (value === null || typeof value !== "object") return node("span", { className: typeof value, textContent: JSON.stringify(value) });
  const entries = Object.entries(value), isList = Array.isArray(value);
  const fold = node("details", {}, node("summary", { textContent: isList ? `[ ${entries.length} ]` : `{ ${entries.length} }` }));
  const fill = () => {
    if (fold.childElementCount > 1) return;
    for (const [key, child] of entries.slice(0, EntriesMax)) fold.append(node("div", {}, node("span", { className: "key", textContent: key + ": " }), branch(child)));
    if (entries.length > EntriesMax) fold.append(node("p", { className: "dim", textContent: `${entries.length - EntriesMax} more` }));
  };
  fold.addEventListener("toggle", () => fold.open && fill());
  if (open) { fill(); fold.open = true; }
  return fold;
}
