// Registers what a run made as the next version of a model.
import { api, toast } from "./shell.js";

/** dialog: a form with name and path. */
export async function register(dialog, run) {
  const form = dialog.querySelector("form"), [name, path] = ["name", "path"].map(n => form.elements[n]), wrong = dialog.querySelector("[role=alert]"), known = dialog.querySelector("datalist");
  wrong.textContent = "";
  dialog.showModal();
  try {
    const folders = (await (await api(`/api/v1/runs/${run}/artifact-list`)).json()).filter(e => !e.blob).map(e => e.name);
    known.replaceChildren(...folders.map(f => Object.assign(document.createElement("option"), { value: f })));
    path.value = folders.find(f => /model/i.test(f)) ?? folders[0] ?? "model";
  } catch { path.value = "model"; }
  form.onsubmit = async e => {
    e.preventDefault();
    const model = name.value.trim();
    wrong.textContent = "";
    try {
      await api("/api/v1/models", { method: "POST", body: { name: model }, headers: { "Idempotency-Key": crypto.randomUUID() } }).catch(error => { if (error.status !== 409) throw error; });
      const made = await (await api("/api/2.0/mlflow/model-versions/create", { method: "POST", body: { name: model, source: `runs:/${run}/${path.value.trim()}`, run_id: run }, headers: { "Idempotency-Key": crypto.randomUUID() } })).json();
      dialog.close();
      toast(`Version ${made.model_version.version} of ${model} registered`, { href: `/models/${encodeURIComponent(model)}/${made.model_version.version}` });
    } catch (error) { wrong.textContent = error.message; name.focus(); }
  };
}
