import { api, follow, refused, setAside } from "./shell.js";
import { register } from "./register.js";
import { editNote, editTags } from "./tags.js";
import { curves } from "./curves.js";

addEventListener("click", e => {
  const button = e.target.closest("[data-register]");
  if (button) register(document.getElementById("register"), button.dataset.register);
});

// Delete and restore, each the other's undo.
addEventListener("click", async e => {
  const button = e.target.closest("[data-run-act]");
  if (!button) return;
  try {
    button.disabled = true;
    await setAside(`/api/v1/runs/${button.dataset.run}`, button.dataset.runAct);
    location.reload();
  } catch (error) { button.disabled = false; refused(error); }
});

const tags = document.querySelector("[data-tags]");
if (tags) {
  const id = tags.dataset.tags, put = (key, value) => api(`/api/v1/runs/${id}/batches`, { method: "POST", body: { tags: [{ key, value }] }, headers: { "Idempotency-Key": crypto.randomUUID() } });
  editTags(tags, put, key => api("/api/2.0/mlflow/runs/delete-tag", { method: "POST", body: { run_id: id, key }, headers: { "Idempotency-Key": crypto.randomUUID() } }));
  editNote(document.querySelector("[data-note-form]"), text => put("mlflow.note.content", text));
}

const place = document.querySelector("[data-charts]");
if (place) {
  const run = JSON.parse(place.dataset.charts), live = place.dataset.ended === undefined, charts = curves(place, [run], { live });
  if (live) {
    let connected = false;
    const stream = follow(`/api/v1/runs/${run.id}/events`);
    stream.addEventListener("reset", () => { if (connected) charts.again(); connected = true; });
    stream.addEventListener("change", e => {
      const change = JSON.parse(e.data);
      if (place.dataset.more === undefined && change.metrics?.some(m => !charts.has(m.key) && m.key.startsWith("system/") === (place.dataset.system !== undefined))) { location.reload(); return; }
      charts.add(change.metrics ?? []);
      if (change.info?.endTime) { stream.close(); location.reload(); }
    });
  }
}
