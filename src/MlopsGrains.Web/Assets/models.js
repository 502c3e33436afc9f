import { api, reloadSaying } from "./shell.js";
import { editNote, editTags } from "./tags.js";

const head = document.querySelector("[data-model]"), model = head?.dataset.model, version = head?.dataset.version;
const root = model === undefined ? null : `/api/v1/models/${encodeURIComponent(model)}`, here = version === undefined ? root : `${root}/versions/${version}`;
const at = name => `/models/${encodeURIComponent(name)}`;

let key;
addEventListener("click", e => {
  const opens = e.target.closest("[data-opens]");
  if (!opens) return;
  key = crypto.randomUUID();
  document.getElementById(opens.dataset.opens).showModal();
});

const tags = document.querySelector("[data-tags]");
if (tags) {
  const tag = key => `${here}/tags/${key.split("/").map(encodeURIComponent).join("/")}`;
  editTags(tags, (key, value) => api(tag(key), { method: "PUT", body: { value } }), key => api(tag(key), { method: "DELETE" }));
  editNote(document.querySelector("[data-note-form]"), description => api(here, { method: "PATCH", body: { description } }));
}

const aliases = JSON.parse(document.querySelector("[data-alias-now]")?.dataset.aliasNow ?? "{}");
document.getElementById("alias")?.addEventListener("input", e => {
  const now = Object.hasOwn(aliases, e.target.value) ? aliases[e.target.value] : null;
  document.querySelector("[data-alias-says]").textContent = now === null ? "" : `${e.target.value} moves from version ${now} to version ${version}.`;
});

// What each form sends, and what is said afterwards.
const sends = {
  "create-model": async f => { await api("/api/v1/models", { method: "POST", body: { name: f.name.value, description: f.description.value || null }, headers: { "Idempotency-Key": key } }); reloadSaying(`Created ${f.name.value}`, null, at(f.name.value)); },
  "rename-model": async f => { await api(`${root}/rename`, { method: "POST", body: { name: f.name.value }, headers: { "Idempotency-Key": key } }); reloadSaying(`${model} is ${f.name.value} now`, null, at(f.name.value)); },
  "delete-model": async f => {
    if (f.typed.value !== model) throw new Error(`Type ${model} to delete it.`);
    await api(root, { method: "DELETE" });
    reloadSaying(`Deleted ${model}`, null, "/models");
  },
  "delete-version": async () => { await api(here, { method: "DELETE" }); reloadSaying(`Deleted version ${version}`, null, at(model)); },
  "set-alias": async f => {
    const alias = f.alias.value, path = `${root}/aliases/${encodeURIComponent(alias)}`, before = Object.hasOwn(aliases, alias) ? aliases[alias] : null;
    if (!alias) throw new Error("alias is empty; name one, such as champion.");
    await api(path, { method: "PUT", body: { version: Number(version) } });
    reloadSaying(`${alias} is version ${version}`, [[path, before === null ? { method: "DELETE" } : { method: "PUT", body: { version: before } }]]);
  },
  "set-stage": async (f, form) => {
    const archive = f.archive.checked;
    await api(`${here}/stage`, { method: "PUT", body: { stage: f.stage.value, archiveExisting: archive } });
    reloadSaying(`Version ${version} is in ${f.stage.selectedOptions[0].textContent}`, archive ? null : [[`${here}/stage`, { method: "PUT", body: { stage: form.dataset.now } }]]);
  },
  deploy: async f => {
    const name = f.deployment.value;
    if (!name) throw new Error("deployment is empty; name one, such as churn-live.");
    await api(`/api/v1/deployments/${encodeURIComponent(name)}`, { method: "PUT", body: { model, version } });
    reloadSaying(`Version ${version} serves ${name}`, null);
  },
};
addEventListener("submit", async e => {
  const act = sends[e.target.dataset.sends];
  if (!act) return;
  e.preventDefault();
  const fault = e.target.querySelector("[data-fault]"), button = e.target.querySelector("[type=submit]");
  fault.hidden = true;
  button.disabled = true;
  try { await act(e.target.elements, e.target); }
  catch (error) { fault.textContent = error.message; fault.hidden = false; button.disabled = false; key = crypto.randomUUID(); }
});
