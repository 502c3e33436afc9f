// Search or jump. What can be found is asked of the server, which answers with options that this reader may see.
let wait, asked = 0;

export function go(dialog, acts) {
  const input = dialog.querySelector("input"), list = dialog.querySelector("[role=listbox]");
  let kind = "";
  input.value = "";
  const options = () => [...list.querySelectorAll("[role=option]")];
  const current = () => list.querySelector("[aria-selected=true]");
  function select(one) {
    current()?.setAttribute("aria-selected", "false");
    if (!one) { input.removeAttribute("aria-activedescendant"); return; }
    one.setAttribute("aria-selected", "true");
    one.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", one.id);
  }
  async function ask() {
    const mine = ++asked, q = input.value;
    const answer = await fetch(`/palette?q=${encodeURIComponent(q)}&kind=${kind}&from=${encodeURIComponent(location.pathname)}`);
    if (mine !== asked || !answer.ok) return;
    list.innerHTML = await answer.text();
    options().forEach((o, i) => o.id = "found-" + i);
    select(options()[0]);
  }
  function take(one, elsewhere) {
    if (!one) return;
    if (one.dataset.act) { dialog.close(); acts[one.dataset.act]?.(one); }
    else if (elsewhere) open(one.dataset.href, "_blank");
    else location.href = one.dataset.href;
  }
  input.oninput = () => { clearTimeout(wait); wait = setTimeout(ask, 60); };
  input.onkeydown = e => {
    const all = options(), at = all.indexOf(current());
    if (e.key === "ArrowDown" || e.key === "ArrowUp") { e.preventDefault(); select(all[(at + (e.key === "ArrowDown" ? 1 : all.length - 1)) % all.length]); }
    else if (e.key === "Enter") { e.preventDefault(); take(current(), e.ctrlKey || e.metaKey); }
    else if (e.key === "Tab" && !e.shiftKey && current()?.dataset.kind) { e.preventDefault(); kind = kind ? "" : current().dataset.kind; ask(); }
  };
  list.onclick = e => take(e.target.closest("[role=option]"), e.ctrlKey || e.metaKey);
  list.onmousemove = e => { const one = e.target.closest("[role=option]"); if (one && one !== current()) select(one); };
  ask();
}
