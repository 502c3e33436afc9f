import { api, refused, setAside, toast } from "./shell.js";

const dialog = document.getElementById("new-experiment"), field = dialog.querySelector("input"), fault = dialog.querySelector("[role=alert]");
let key;
addEventListener("click", e => {
  if (e.target.closest("[data-do=new-experiment]")) { key = crypto.randomUUID(); fault.hidden = true; dialog.showModal(); }
  const remove = e.target.closest("[data-delete]"), restore = e.target.closest("[data-restore]");
  if (remove) change(remove.closest("tr"), remove.dataset.delete, remove.dataset.name, true);
  if (restore) change(restore.closest("tr"), restore.dataset.restore, restore.dataset.name, false);
});

dialog.querySelector("form").onsubmit = async e => {
  e.preventDefault();
  try {
    const made = await (await api("/api/v1/experiments", { method: "POST", body: { name: field.value }, headers: { "Idempotency-Key": key } })).json();
    location.href = `/experiments/${made.experimentId}/runs`;
  } catch (error) { fault.textContent = error.message; fault.hidden = false; field.setAttribute("aria-invalid", "true"); field.focus(); }
};

async function change(row, id, name, deletes) {
  const set = act => setAside("/api/v1/experiments/" + id, act);
  const undo = async () => { await set(deletes ? "restore" : "delete"); row.hidden = false; };
  try {
    await set(deletes ? "delete" : "restore");
    row.hidden = true;
    toast(`${name} is ${deletes ? "deleted" : "restored"}`, { undo: () => undo().catch(refused) });
  } catch (error) { refused(error); }
}
