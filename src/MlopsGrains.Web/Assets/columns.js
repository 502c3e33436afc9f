// The columns of a table: chosen among all that the runs hold.
import { refused } from "./shell.js";

const ListedMax = 200, Run = [["age", "Age"], ["duration", "Duration"], ["user", "User"], ["id", "Id"]];
const count = n => n.toLocaleString("en-US");

/** box: a popover with an input, [data-list], [data-said] and [data-usual]. keys: () → promise; shown: () → columns; change: columns → anything. */
export function chooser(box, { keys, shown, change, usual }) {
  if (!box) return;
  const find = box.querySelector("input"), list = box.querySelector("[data-list]"), said = box.querySelector("[data-said]");
  let groups = [];

  async function open() {
    list.replaceChildren();
    try {
      const all = await keys();
      const texts = (entity, some) => some.map(k => ({ field: `${entity}.${k.key}`, name: k.key, hint: k.values === 1 && k.runs === all.runs ? "the same in all" : `${count(k.values)} values`, dim: k.values === 1 && k.runs === all.runs }));
      groups = [
        ["Run", Run.map(([field, name]) => ({ field, name, hint: "" }))],
        ["Metrics", all.metrics.map(m => ({ field: "metrics." + m.key, name: m.key, hint: `${count(m.runs)} runs` }))],
        ["Params", texts("params", all.params).sort((a, b) => (a.dim ?? false) - (b.dim ?? false))],
        ["Tags", texts("tags", all.tags)],
      ];
      draw();
    } catch (error) { refused(error); box.hidePopover(); }
  }

  function draw() {
    const part = find.value.trim().toLowerCase(), now = new Set(shown());
    let left = ListedMax, more = 0;
    list.replaceChildren(...groups.flatMap(([title, some]) => {
      const fits = some.filter(k => !part || k.name.toLowerCase().includes(part)), shownHere = fits.slice(0, left);
      left -= shownHere.length; more += fits.length - shownHere.length;
      if (!shownHere.length) return [];
      return [Object.assign(document.createElement("h3"), { textContent: `${title} ${count(fits.length)}` }), ...shownHere.map(k => {
        const label = Object.assign(document.createElement("label"), { className: "row pick" }), check = Object.assign(document.createElement("input"), { type: "checkbox", className: "check", value: k.field, checked: now.has(k.field) });
        label.append(check, Object.assign(document.createElement("bdi"), { className: "cut grow" + (k.dim ? " dim" : ""), textContent: k.name, title: k.name }), Object.assign(document.createElement("span"), { className: "dim", textContent: k.hint }));
        return label;
      })];
    }));
    said.textContent = more ? `${count(more)} more: type to find them` : "";
  }

  box.addEventListener("toggle", e => { if (e.newState === "open") { place(); open(); find.focus(); } });
  function place() {
    const button = document.querySelector(`[popovertarget="${box.id}"]`).getBoundingClientRect();
    box.style.inset = `${button.bottom + 4}px ${Math.max(8, innerWidth - button.right)}px auto auto`;
  }
  find.addEventListener("input", draw);
  list.addEventListener("change", e => {
    const columns = shown(), field = e.target.value;
    if (e.target.checked) columns.push(field); else columns.splice(columns.indexOf(field), 1);
    change(columns);
  });
  box.querySelector("[data-usual]").addEventListener("click", () => { usual(); box.hidePopover(); });
}
