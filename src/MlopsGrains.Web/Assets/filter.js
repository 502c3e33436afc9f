// A filter in the search's grammar: coloured as it is typed, completed from what the runs hold, faults underlined where they are.
const Shown = 12, HistoryMax = 30, CheckMs = 120;
const Token = /'(?:[^']|'')*'?|(?:[\p{L}_][\p{L}\p{N}_.\-/:]*(?:`[^`]*`?|"[^"]*"?)?)|"(?:[^"]|"")*"?|`(?:[^`]|``)*`?|[+-]?[\d.][\p{L}\p{N}.]*|!=|>=|<=|[=<>(),]|\s+|./gu;
const Words = /^(and|or|not|in|is|null|like|ilike)$/i, Functions = /^(min|max|avg|last|at)$/i, Signs = /^(=|!=|>|>=|<|<=)$/;
const Attributes = [["run_name", "text"], ["status", "text"], ["start_time", "number"], ["end_time", "number"], ["user_id", "text"], ["run_id", "text"], ["datasets.name", "text"], ["datasets.digest", "text"]];
const Statuses = ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"];

/** Words, keys, texts, numbers, signs and what is between them, in order and without a gap: [{ text, at, kind }]. */
export function tokens(text) {
  const found = [];
  for (const m of text.matchAll(Token)) {
    const t = m[0], next = text.slice(m.index + t.length).trimStart()[0];
    const kind = /^\s/.test(t) ? "space" : t[0] === "'" ? "text" : Signs.test(t) || /^[(),]$/.test(t) ? "sign" : Words.test(t) ? "word" : Functions.test(t) && next === "(" ? "function" : /^[+-]?[\d.]/.test(t) ? "number" : /^[\p{L}_`"]/u.test(t) ? "key" : "other";
    found.push({ text: t, at: m.index, kind });
  }
  // A text in double quotes stands for a value behind a sign.
  found.forEach((t, i) => { if (t.text[0] === '"' && found.slice(0, i).findLast(b => b.kind !== "space")?.kind === "sign") t.kind = "text"; });
  return found;
}

/** A key as the grammar takes it: quoted where it has to be. */
export const written = (entity, key) => /^[\p{L}\p{N}_.\-/:]+$/u.test(key) ? `${entity}.${key}` : `${entity}.\`${key.replaceAll("`", "``")}\``;
const quoted = value => `'${value.replaceAll("'", "''")}'`;
const count = n => n.toLocaleString("en-US");
const short = v => +v.toPrecision(4);

/** What may stand at a place: { from, to, title, items: [{ text, insert, hint }] }. keys as the API tells them. */
export function completions(text, at, keys) {
  const all = tokens(text).filter(t => t.kind !== "space"), current = all.find(t => t.at < at && at <= t.at + t.text.length && !(t.kind === "sign" && at === t.at + t.text.length));
  const before = all.filter(t => t.at + t.text.length <= (current?.at ?? at)), last = before.at(-1), from = current?.at ?? at, to = current ? current.at + current.text.length : at;
  const typed = text.slice(from, at), part = typed.toLowerCase();
  const known = [
    ...keys.metrics.map(m => ({ name: written("metrics", m.key), kind: "number", of: "metric", hint: m.min == null ? `in ${count(m.runs)} runs` : `${short(m.min)} – ${short(m.max)}, in ${count(m.runs)} runs`, min: m.min, max: m.max })),
    ...keys.params.map(p => ({ name: written("params", p.key), kind: "text", of: "param", hint: hint(p), values: p.commonest })),
    ...keys.tags.map(t => ({ name: written("tags", t.key), kind: "text", of: "tag", hint: hint(t), values: t.commonest })),
    ...Attributes.map(([name, kind]) => ({ name, kind, of: "attribute", hint: "", values: name === "status" ? Statuses.map(value => ({ value })) : [] })),
  ];
  const named = token => token && known.find(k => k.name === token.text || k.name === "attributes." + token.text);
  const inList = before.map(t => t.text.toLowerCase()), open = inList.lastIndexOf("("), listed = open > 0 && inList[open - 1] === "in" && !inList.slice(open).includes(")");
  const sign = last && (Signs.test(last.text) || /^i?like$/i.test(last.text));
  if (sign || (listed && /^[(,]$/.test(last.text))) {
    const key = named(before.slice(0, listed ? open - 1 : -1).findLast(t => t.kind === "key"));
    if (!key) return null;
    const bare = part.replace(/^['"]/, "");
    const items = key.kind === "number"
      ? key.min == null ? [] : [{ text: String(short(key.min)), hint: "least" }, { text: String(short(key.max)), hint: "greatest" }]
      : (key.values ?? []).filter(v => v.value.toLowerCase().includes(bare)).map(v => ({ text: quoted(v.value), hint: v.runs ? `${count(v.runs)} runs` : "" }));
    return items.length ? { from, to, title: `Values of ${key.name}`, items: items.slice(0, Shown).map(i => ({ ...i, insert: i.text + " " })) } : null;
  }
  if (last?.kind === "key" || last?.text === ")" && named(before.findLast(t => t.kind === "key")) && inList.includes("(") && Functions.test(before.at(before.map(t => t.text).lastIndexOf("(") - 1)?.text ?? "")) {
    const key = named(before.findLast(t => t.kind === "key"));
    const signs = key?.kind === "number" ? [">", ">=", "<", "<=", "=", "!="] : ["=", "!=", "LIKE", "ILIKE", "IN", "NOT IN", ...(key?.of === "param" || key?.of === "tag" ? ["IS NULL", "IS NOT NULL"] : [])];
    const items = signs.filter(s => s.toLowerCase().startsWith(part)).map(s => ({ text: s, hint: s === "IS NULL" ? "runs without the key" : "", insert: s === "IN" || s === "NOT IN" ? s + " (" : s + " " }));
    return items.length ? { from, to, title: "Comparison", items } : null;
  }
  if (last && !/^(and|or|not|\()$/i.test(last.text)) {
    const items = ["AND", "OR"].filter(w => w.toLowerCase().startsWith(part)).map(w => ({ text: w, hint: "", insert: w + " " }));
    return items.length ? { from, to, title: "And then", items } : null;
  }
  const fits = known.filter(k => k.name.toLowerCase().includes(part)).sort((a, b) => Number(b.name.toLowerCase().startsWith(part)) - Number(a.name.toLowerCase().startsWith(part)));
  if (!fits.length) return null;
  return { from, to, title: `${count(fits.length)} key${fits.length === 1 ? "" : "s"} in ${count(keys.runs)} runs`, typed, items: fits.slice(0, Shown).map(k => ({ text: k.name, hint: k.hint, insert: k.name + " " })) };
}

function hint(k) {
  if (k.min != null && k.values > 3) return `${short(k.min)} – ${short(k.max)}, in ${count(k.runs)} runs`;
  const some = k.commonest.slice(0, 3).map(v => v.value.length > 20 ? v.value.slice(0, 19) + "…" : v.value || '""').join(", ");
  return k.values > 3 ? `${some}, ${count(k.values - 3)} more` : some;
}

/** form: with [data-find], .hl and .complete in it. keys: () → promise; check: text → promise of a fault { position, length, message } or null; apply: text → anything. */
export function filterBar(form, { name, keys, check, apply }) {
  const input = form.querySelector("[data-find]"), look = form.querySelector(".hl"), list = form.querySelector(".complete");
  let fault = null, offered = null, chosen = -1, timer, asked = 0;
  form.querySelector(".filter").classList.add("coloured");
  input.setAttribute("role", "combobox");
  for (const [key, value] of [["aria-expanded", "false"], ["aria-controls", list.id], ["aria-autocomplete", "list"]]) input.setAttribute(key, value);

  function paint() {
    const parts = tokens(input.value).map(t => {
      const piece = document.createElement("span");
      piece.className = `tk-${t.kind}`;
      const inFault = fault && t.at < fault.position + Math.max(1, fault.length) && t.at + t.text.length > fault.position && t.kind !== "space";
      piece.classList.toggle("wrong", !!inFault);
      piece.textContent = t.text;
      return piece;
    });
    if (fault && fault.position >= input.value.trimEnd().length) parts.push(Object.assign(document.createElement("span"), { className: "wrong", textContent: "\u2002" }));
    look.replaceChildren(...parts);
    look.scrollLeft = input.scrollLeft;
  }

  function close() { list.hidden = true; offered = null; chosen = -1; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); }

  async function offer(force) {
    const turn = ++asked, all = await keys().catch(() => null);
    if (turn !== asked || !all || document.activeElement !== input) return;
    offered = completions(input.value, input.selectionStart, all);
    if (offered && !force && offered.typed !== undefined && offered.typed.length < 2) offered = null;
    if (!offered || (offered.items.length === 1 && offered.items[0].text === input.value.slice(offered.from, offered.to))) return close();
    chosen = -1;
    list.replaceChildren(Object.assign(document.createElement("h3"), { textContent: offered.title }), ...offered.items.map((item, i) => {
      const option = Object.assign(document.createElement("div"), { id: `complete-${i}`, className: "row" });
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.append(Object.assign(document.createElement("span"), { className: "mono cut grow", textContent: item.text }), Object.assign(document.createElement("span"), { className: "dim cut", textContent: item.hint }));
      option.onmousedown = e => { e.preventDefault(); take(i); };
      return option;
    }));
    list.firstChild.setAttribute("role", "presentation");
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    const box = input.getBoundingClientRect(), home = form.getBoundingClientRect(), measure = document.createElement("span");
    measure.textContent = input.value.slice(0, offered.from);
    look.append(measure);
    const width = measure.getBoundingClientRect().width;
    measure.remove();
    list.style.left = Math.max(0, Math.min(box.left - home.left + width - input.scrollLeft, home.width - list.offsetWidth - 8)) + "px";
    list.style.top = box.bottom - home.top + 8 + "px";
  }

  function mark(i) {
    const options = [...list.querySelectorAll("[role=option]")];
    chosen = (i + options.length) % options.length;
    options.forEach((o, k) => o.setAttribute("aria-selected", String(k === chosen)));
    input.setAttribute("aria-activedescendant", options[chosen].id);
    options[chosen].scrollIntoView({ block: "nearest" });
  }

  function take(i) {
    const { from, to, items } = offered, rest = input.value.slice(to).replace(/^\s+/, "");
    input.value = input.value.slice(0, from) + items[i].insert + rest;
    input.setSelectionRange(from + items[i].insert.length, from + items[i].insert.length);
    close();
    changed(true);
  }

  function changed(force) {
    fault = null;
    paint();
    offer(force);
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const text = input.value, found = await check(text).catch(() => null);
      if (text === input.value) tell(found);
    }, CheckMs);
  }

  /** Marks a fault, or that there is none. */
  function tell(found) {
    fault = found?.position == null ? null : found;
    if (found) input.setAttribute("aria-invalid", "true"); else input.removeAttribute("aria-invalid");
    paint();
  }

  const stored = `mlops-filters-${name}`, past = () => JSON.parse(localStorage.getItem(stored) ?? "[]");
  let back = -1;
  input.addEventListener("input", () => { back = -1; changed(false); });
  input.addEventListener("scroll", () => look.scrollLeft = input.scrollLeft);
  input.addEventListener("blur", () => setTimeout(close, 100));
  input.addEventListener("keydown", e => {
    if (e.key === " " && e.ctrlKey) { e.preventDefault(); offer(true); }
    else if (!list.hidden && (e.key === "ArrowDown" || e.key === "ArrowUp")) { e.preventDefault(); mark(chosen < 0 && e.key === "ArrowUp" ? -1 : chosen + (e.key === "ArrowDown" ? 1 : -1)); }
    else if (!list.hidden && (e.key === "Tab" || (e.key === "Enter" && chosen >= 0))) { e.preventDefault(); take(Math.max(0, chosen)); }
    else if (!list.hidden && e.key === "Escape") { e.preventDefault(); e.stopPropagation(); close(); }
    else if (e.key === "ArrowUp" || e.key === "ArrowDown") {
      const all = past(), to = Math.max(-1, Math.min(all.length - 1, back + (e.key === "ArrowUp" ? 1 : -1)));
      if (to === back || (e.key === "ArrowDown" && back < 0)) return;
      e.preventDefault();
      back = to;
      input.value = to < 0 ? "" : all[to];
      fault = null;
      paint();
    }
  });
  form.addEventListener("submit", e => {
    e.preventDefault();
    close();
    clearTimeout(timer);
    const text = input.value.trim();
    if (text) localStorage.setItem(stored, JSON.stringify([text, ...past().filter(p => p !== text)].slice(0, HistoryMax)));
    back = -1;
    apply(text);
  });
  paint();
  return { tell, set(text) { input.value = text; fault = null; input.removeAttribute("aria-invalid"); paint(); }, get text() { return input.value.trim(); } };
}
