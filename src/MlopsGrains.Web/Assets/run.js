import { api, follow, refused, setAside, toast } from "./shell.js";
import { curves } from "./curves.js";

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

// Tags appear at once and go again when they were refused; an undo brings back what was removed.
const tags = document.querySelector("[data-tags]");
if (tags) {
  const id = tags.dataset.tags, put = (key, value) => api(`/api/v1/runs/${id}/batches`, { method: "POST", body: { tags: [{ key, value }] }, headers: { "Idempotency-Key": crypto.randomUUID() } });
  const remove = key => api("/api/2.0/mlflow/runs/delete-tag", { method: "POST", body: { run_id: id, key }, headers: { "Idempotency-Key": crypto.randomUUID() } });
  const found = key => tags.querySelector(`[data-tag="${CSS.escape(key)}"]`);
  function place(key, value) {
    const old = found(key), item = Object.assign(document.createElement("li"), { className: "badge" }), text = Object.assign(document.createElement("bdi"), { textContent: `${key}: ${value}`, title: value });
    const button = Object.assign(document.createElement("button"), { type: "button", className: "btn quiet icon x", textContent: "×" });
    Object.assign(item.dataset, { tag: key, value }); button.dataset.untag = ""; button.setAttribute("aria-label", "Remove tag " + key);
    item.append(text, button);
    if (old) old.replaceWith(item); else tags.append(item);
    return () => old ? item.replaceWith(old) : item.remove();
  }
  document.querySelector("[data-tag-form]").onsubmit = async e => {
    e.preventDefault();
    const form = e.target, key = form.elements.key.value.trim(), value = form.elements.value.value;
    if (!key) return;
    const back = place(key, value);
    try { await put(key, value); form.reset(); form.elements.key.focus(); } catch (error) { back(); refused(error); }
  };
  tags.onclick = async e => {
    const item = e.target.closest("[data-untag]")?.closest("[data-tag]");
    if (!item) return;
    const { tag, value } = item.dataset;
    item.hidden = true;
    try { await remove(tag); item.remove(); toast(`Removed tag ${tag}`, { undo: async () => { const back = place(tag, value); try { await put(tag, value); } catch (error) { back(); refused(error); } } }); }
    catch (error) { item.hidden = false; refused(error); }
  };
  const notes = document.querySelector("[data-note-form]");
  notes.onsubmit = async e => {
    e.preventDefault();
    const button = notes.querySelector("button");
    button.disabled = true;
    try { await put("mlflow.note.content", notes.elements.note.value); toast("Saved the notes"); } catch (error) { refused(error); }
    button.disabled = false;
  };
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
