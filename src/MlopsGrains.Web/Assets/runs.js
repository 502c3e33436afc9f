import { follow, refused, setAside, toast } from "./shell.js";

const table = document.querySelector("[data-runs]"), bar = document.querySelector(".selbar");
const rows = table ? [...table.tBodies[0].rows] : [];
const box = row => row.querySelector(".check");

function count() {
  const some = rows.filter(r => box(r).checked && !r.hidden);
  rows.forEach(r => r.setAttribute("aria-selected", String(box(r).checked)));
  bar.hidden = !some.length;
  bar.querySelector("[data-selected]").textContent = `${some.length} selected`;
  const compare = bar.querySelector("[data-compare]");
  compare.hidden = some.length < 2 || some.length > 50;
  compare.href = "/compare?runs=" + some.map(r => r.dataset.run).join(",");
  const all = table.querySelector("[data-all]");
  all.checked = some.length > 0 && some.length === rows.filter(r => !r.hidden).length;
  all.indeterminate = some.length > 0 && !all.checked;
  return some;
}

let last = 0;
table?.addEventListener("click", e => {
  const check = e.target.closest(".check");
  if (!check) return;
  if (check.matches("[data-all]")) rows.forEach(r => box(r).checked = check.checked);
  else {
    const at = rows.indexOf(check.closest("tr"));
    if (e.shiftKey) rows.slice(Math.min(at, last), Math.max(at, last) + 1).forEach(r => box(r).checked = check.checked);
    last = at;
  }
  count();
});

bar?.addEventListener("click", e => {
  if (e.target.closest("[data-clear]")) { rows.forEach(r => box(r).checked = false); count(); }
  const act = e.target.closest("[data-bulk]")?.dataset.bulk;
  if (act) bulk(count(), act);
});

const one = (id, act) => setAside("/api/v1/runs/" + id, act);

/** A few at a time; what failed is told with its reason and stays selected. */
async function bulk(some, act) {
  const failed = [], done = [];
  for (let at = 0; at < some.length; at += 8) {
    await Promise.all(some.slice(at, at + 8).map(async row => {
      try { await one(row.dataset.run, act); done.push(row); row.hidden = true; box(row).checked = false; }
      catch (error) { failed.push(error.message); }
    }));
  }
  count();
  const words = n => `${n} run${n === 1 ? "" : "s"}`;
  if (failed.length) toast(`${words(failed.length)} could not be ${act}d: ${failed[0]}`, { bad: true });
  if (done.length) {
    toast(`${words(done.length)} ${act}d`, { undo: async () => {
      try { await Promise.all(done.map(r => one(r.dataset.run, act === "delete" ? "restore" : "delete"))); done.forEach(r => r.hidden = false); count(); }
      catch (error) { refused(error); }
    } });
  }
}

// J and K move, O opens, X selects; never in a field.
let at = -1;
addEventListener("keydown", e => {
  if (!rows.length || e.ctrlKey || e.metaKey || e.altKey || e.target.closest?.("input:not([type=checkbox]), textarea, select, dialog") || document.querySelector("dialog[open]") || localStorage.getItem("mlops-letters") === "off") return;
  const key = e.key.toLowerCase();
  if (key === "j" || key === "k") {
    rows[at]?.classList.remove("at");
    at = Math.max(0, Math.min(rows.length - 1, at + (key === "j" ? 1 : -1)));
    rows[at].classList.add("at");
    rows[at].querySelector("a").focus({ preventScroll: true });
    rows[at].scrollIntoView({ block: "nearest" });
  } else if (key === "o" && rows[at]) location.href = rows[at].querySelector("a").href;
  else if (key === "c") { const compare = bar.querySelector("[data-compare]"); if (!compare.hidden && compare.href) location.href = compare.href; }
  else if (key === "x" && rows[at]) { box(rows[at]).checked = !box(rows[at]).checked; count(); }
});

// Live: nothing moves under the pointer; what is new waits behind a button.
const place = document.querySelector("[data-experiment]"), button = document.querySelector("[data-new-runs]");
if (place && button) {
  const known = new Set(rows.map(r => r.dataset.run)), fresh = new Set();
  follow(`/api/v1/experiments/${place.dataset.experiment}/events`).addEventListener("run", e => {
    const { change, info } = JSON.parse(e.data);
    if (change !== "created" || known.has(info.runId)) return;
    fresh.add(info.runId);
    button.hidden = false;
    button.textContent = `${fresh.size} new run${fresh.size === 1 ? "" : "s"}`;
  });
}
