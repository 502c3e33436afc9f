// What a cell or a view leads to: a filter made of a value, and the same search for other tools.
import { copy } from "./shell.js";
import { written } from "./filter.js";

const quoted = value => `'${value.replaceAll("'", "''")}'`;

/** Filters that a value suggests: [title, clause]. column as the table names it, value whole. */
export function suggestions(column, value) {
  const dot = column.indexOf("."), entity = column.slice(0, dot), key = written(entity, column.slice(dot + 1));
  if (entity === "metrics") return isFinite(Number(value)) && value !== "" ? [["At least this", `${key} >= ${value}`], ["At most this", `${key} <= ${value}`]] : [];
  return entity === "params" || entity === "tags" ? [["Only this", `${key} = ${quoted(value)}`], ["Not this", `NOT ${key} = ${quoted(value)}`]] : [];
}

/** Both hold. */
export const both = (filter, clause) => !filter ? clause : /\bor\b/i.test(filter) ? `(${filter}) AND ${clause}` : `${filter} AND ${clause}`;

/** Right-click on a cell (with Shift the browser's own menu); menu is a popover. */
export function cellMenu(place, menu, apply) {
  place.addEventListener("contextmenu", e => {
    const cell = e.target.closest("td"), row = cell?.closest("tr[data-run]");
    if (!row || e.shiftKey) return;
    const column = cell.closest("table").querySelector("thead tr:last-child").cells[cell.cellIndex]?.dataset.column, missing = cell.classList.contains("dim");
    const offered = column && !missing ? suggestions(column, cell.title) : [];
    if (!offered.length) return;
    e.preventDefault();
    menu.replaceChildren(...offered.map(([title, clause]) => {
      const item = Object.assign(document.createElement("button"), { type: "button", textContent: title, title: clause });
      item.setAttribute("role", "menuitem");
      item.onclick = () => { menu.hidePopover(); apply(clause); };
      return item;
    }));
    menu.showPopover();
    menu.style.inset = `${Math.min(e.clientY, innerHeight - menu.offsetHeight - 8)}px auto auto ${Math.min(e.clientX, innerWidth - menu.offsetWidth - 8)}px`;
    menu.firstElementChild.focus();
  });
  menu.addEventListener("keydown", e => {
    if (e.key !== "ArrowDown" && e.key !== "ArrowUp") return;
    e.preventDefault();
    (e.key === "ArrowDown" ? document.activeElement.nextElementSibling ?? menu.firstElementChild : document.activeElement.previousElementSibling ?? menu.lastElementChild)?.focus();
  });
}

const shell = text => `'${text.replaceAll("'", `'\\''`)}'`;

/** The search of a view for another tool. view: { id, q, sort: [["metrics.a", true for descending]], deleted } */
export function searchAs(tool, { id, q, sort, deleted }) {
  const order = sort.map(([field, down]) => { const dot = field.indexOf("."); return `${dot < 0 ? field : written(field.slice(0, dot), field.slice(dot + 1))} ${down ? "DESC" : "ASC"}`; });
  if (tool === "cli") return `mlops runs search -e ${id} --filter ${shell(q || "")}${order.map(o => ` --order-by ${shell(o)}`).join("")}${deleted ? " --view DeletedOnly" : ""} --json`;
  if (tool === "curl") return `curl -s ${location.origin}/api/v1/runs/search -H 'Content-Type: application/json' -d ${shell(JSON.stringify({ experimentIds: [id], ...(q ? { filter: q } : {}), ...(order.length ? { orderBy: order } : {}), ...(deleted ? { view: "deletedOnly" } : {}), total: true }))}`;
  return `import mlflow\nfrom mlflow.entities import ViewType\nmlflow.set_tracking_uri(${JSON.stringify(location.origin)})\nruns = mlflow.search_runs([${JSON.stringify(id)}], filter_string=${JSON.stringify(q || "")}, order_by=${JSON.stringify(order)}${deleted ? ", run_view_type=ViewType.DELETED_ONLY" : ""})`;
}

export function copyAs(menu, view) {
  menu.addEventListener("click", e => {
    const tool = e.target.closest("[data-as]")?.dataset.as;
    if (!tool) return;
    menu.hidePopover();
    copy(searchAs(tool, view()), "Search copied");
  });
}
