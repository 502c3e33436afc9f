// A table of any number of rows of one height: only the parts around what is seen are in the page; the others are two empty bodies of the right height.
const Ahead = 20, Kept = 60, AtOnce = 2, SettleMs = 40;

/**
 * place scrolls; table holds its head and one body with data-from. load(from, signal) → promise of a <tbody>. shown() is called when rows came or went.
 * Returns { render, index(row), row(index), scrollTo(index), loaded(), dispose() }.
 */
export function virtual(place, table, { load, shown }) {
  const total = Number(table.dataset.total), part = Number(table.dataset.part), first = table.querySelector("tbody[data-from]"), columns = table.querySelectorAll("col").length;
  const bodies = new Map(), asked = new Map(), pads = [pad(), pad()];
  let height = 28, ended = false, frame = 0, settled = 0, drawn = "";

  function pad() {
    const body = document.createElement("tbody"), row = body.insertRow(), cell = row.insertCell();
    body.setAttribute("aria-hidden", "true");
    body.className = "pad";
    cell.colSpan = columns;
    return body;
  }
  function tall(body, pixels) { body.hidden = pixels <= 0; body.rows[0].cells[0].style.height = pixels + "px"; }
  function measure() { height = first.rows[0]?.getBoundingClientRect().height || height; }

  const from = Number(first.dataset.from);
  if (from % part === 0) bodies.set(from / part, first); else first.remove();
  measure();
  table.append(pads[1]);
  table.insertBefore(pads[0], table.querySelector("tbody[data-from]") ?? pads[1]);

  const head = () => table.tHead.offsetHeight + (table.querySelector("[data-pinned]")?.offsetHeight ?? 0);
  function seen() {
    const top = Math.max(0, place.scrollTop), rows = Math.ceil(place.clientHeight / height), at = Math.floor(top / height);
    return [Math.max(0, Math.floor((at - Ahead) / part)), Math.min(Math.ceil(total / part) - 1, Math.floor((at + rows + Ahead) / part))];
  }

  function render() {
    frame = 0;
    if (ended) return;
    const [low, high] = seen(), now = [];
    for (let p = low; p <= high; p++) now.push(p);
    const key = now.map(p => p + (bodies.has(p) ? "" : "?")).join();
    if (key !== drawn) {
      drawn = key;
      tall(pads[0], low * part * height);
      const wanted = now.map(p => bodies.get(p) ?? waiting(p));
      for (const body of [...table.querySelectorAll("tbody[data-from]")]) if (!wanted.includes(body)) body.remove();
      let after = pads[0];
      for (const body of wanted) { if (after.nextElementSibling !== body) after.after(body); after = body; }
      tall(pads[1], Math.max(0, total - Math.min(total, (high + 1) * part)) * height);
      shown?.();
    }
    // Who drags the bar through a hundred parts asks for the last.
    clearTimeout(settled);
    if (now.some(p => !bodies.has(p))) settled = setTimeout(fetchSeen, asked.size ? SettleMs : 0);
  }

  function waiting(p) {
    const body = pad();
    body.className = "wait";
    body.dataset.from = p * part;
    tall(body, Math.min(part, total - p * part) * height);
    return body;
  }

  function fetchSeen() {
    const [low, high] = seen(), middle = (low + high) / 2;
    for (const [p, control] of asked) if (p < low || p > high) { control.abort(); asked.delete(p); }
    const missing = [];
    for (let p = low; p <= high; p++) if (!bodies.has(p) && !asked.has(p)) missing.push(p);
    missing.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
    for (const p of missing.slice(0, AtOnce - asked.size)) {
      const control = new AbortController();
      asked.set(p, control);
      load(p * part, control.signal).then(body => {
        if (ended || control.signal.aborted) return;
        asked.delete(p);
        if (body) keep(p, body);
        drawn = "";
        render();
      }, error => { if (asked.get(p) === control) asked.delete(p); if (error.name !== "AbortError") setTimeout(render, 1000); });
    }
  }

  function keep(p, body) {
    bodies.set(p, body);
    if (bodies.size > Kept) {
      const [low, high] = seen();
      for (const old of bodies.keys()) { if (bodies.size <= Kept) break; if (old < low || old > high) bodies.delete(old); }
    }
  }

  const scrolled = () => { frame ||= requestAnimationFrame(render); };
  const resized = new ResizeObserver(scrolled);
  const look = () => { drawn = ""; measure(); render(); };
  place.addEventListener("scroll", scrolled, { passive: true });
  addEventListener("mlops:look", look);
  resized.observe(place);
  if (from) place.scrollTop = from * height;
  render();
  return {
    render, total,
    get height() { return height; },
    index: row => Number(row.getAttribute("aria-rowindex")) - 2,
    row: index => table.querySelector(`tbody[data-from] > tr[aria-rowindex="${index + 2}"]`),
    /** Scrolls a row into view, below what stays on top. */
    scrollTo(index) {
      const top = index * height, low = place.scrollTop, high = low + place.clientHeight - head() - height;
      if (top < low) place.scrollTop = top; else if (top > high) place.scrollTop = top - (place.clientHeight - head() - height);
    },
    /** Rows in the page, in order. */
    loaded: () => [...table.querySelectorAll("tbody[data-from] > tr[data-run]")],
    /** Rows that are seen, also those that stay on top. */
    inView() {
      const box = place.getBoundingClientRect();
      return [...table.querySelectorAll("tr[data-run]")].filter(r => { const b = r.getBoundingClientRect(); return b.bottom > box.top && b.top < box.bottom; });
    },
    dispose() { ended = true; resized.disconnect(); place.removeEventListener("scroll", scrolled); removeEventListener("mlops:look", look); asked.forEach(c => c.abort()); clearTimeout(settled); },
  };
}
