// A log of any length: only the lines in view are in the page. Lines have one height, so that a line is found by its number.
const over = 30;

/** @returns {{ add(lines), show(filter), goTo(line), text() }} */
export function mount(box, { follow, select, shows, nameSteps }) {
  const pane = document.createElement("div"), rows = document.createElement("div");
  pane.className = "pane"; rows.className = "rows";
  pane.append(rows);
  box.replaceChildren(pane);
  let all = [], seen = [], test = () => true, marked = 0, drawn = "", height = 0, asked = false, widest = 0;
  const time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

  function one(line) {
    const row = document.createElement("div"), number = document.createElement("a"), at = document.createElement("span"), text = document.createElement("span");
    number.textContent = line.line; number.href = "?line=" + line.line; number.dataset.line = line.line; number.tabIndex = -1; number.setAttribute("aria-label", "Link to line " + line.line);
    at.textContent = time.format(new Date(line.time)); at.title = line.time;
    text.textContent = nameSteps() ? `${line.step}#${line.attempt}  ${line.text}` : line.text;
    if (/\b(error|exception|failed|fatal)\b/i.test(line.text)) text.className = "bad"; else if (/\bwarn(ing)?\b/i.test(line.text)) text.className = "warn";
    if (line.line === marked) row.className = "marked";
    row.append(number, at, text);
    return row;
  }

  function draw() {
    asked = false;
    height ||= measure();
    const first = Math.max(0, Math.floor(box.scrollTop / height) - over), last = Math.min(seen.length, Math.ceil((box.scrollTop + box.clientHeight) / height) + over);
    pane.style.height = seen.length * height + "px";
    const now = `${first}-${last}-${seen.length}-${marked}-${seen[first]?.line}`;
    if (now !== drawn) {
      drawn = now;
      rows.style.transform = `translateY(${first * height}px)`;
      rows.replaceChildren(...seen.slice(first, last).map(one));
      widest = Math.max(widest, rows.scrollWidth);
      pane.style.minWidth = widest + "px";
    }
    const top = Math.min(seen.length, Math.floor(box.scrollTop / height) + 1), bottom = Math.min(seen.length, Math.ceil((box.scrollTop + box.clientHeight) / height));
    shows(seen.length ? `lines ${top.toLocaleString("en")}–${bottom.toLocaleString("en")} of ${seen.length.toLocaleString("en")}` : all.length ? "no lines here" : "no lines yet");
  }

  function measure() {
    const probe = one({ line: 1, time: new Date().toISOString(), text: "x", step: "", attempt: 1 });
    rows.append(probe);
    const h = probe.getBoundingClientRect().height;
    probe.remove();
    return h || 17;
  }

  const later = () => { if (!asked) { asked = true; requestAnimationFrame(draw); } };
  const end = () => { box.scrollTop = box.scrollHeight; };
  box.onscroll = () => { if (box.scrollTop + box.clientHeight < box.scrollHeight - 40) follow(false); later(); };
  box.onclick = e => { const link = e.target.closest("[data-line]"); if (link) { e.preventDefault(); marked = Number(link.dataset.line); select(marked); later(); } };
  new ResizeObserver(later).observe(box);

  return {
    add(lines) { all = all.concat(lines); seen = seen.concat(lines.filter(test)); draw(); if (follow()) { end(); draw(); } },
    show(filter) { test = filter; seen = all.filter(test); drawn = ""; widest = 0; box.scrollTop = 0; draw(); if (follow()) { end(); draw(); } },
    goTo(line) { marked = line; const at = seen.findIndex(l => l.line >= line); draw(); if (at >= 0) box.scrollTop = Math.max(0, at * height - box.clientHeight / 2); drawn = ""; draw(); },
    end,
    text: () => seen.map(l => `${l.time} ${l.step}#${l.attempt} ${l.text}`).join("\n") + "\n",
  };
}
