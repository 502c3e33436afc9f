import { refused, toast } from "./shell.js";

/** Tags appear at once and go again when they were refused; an undo brings back what was removed. */
export function editTags(tags, put, remove) {
  const found = key => tags.querySelector(`[data-tag="${CSS.escape(key)}"]`);
  function place(key, value) {
    const old = found(key), item = Object.assign(document.createElement("li"), { className: "badge" }), text = Object.assign(document.createElement("bdi"), { textContent: `${key}: ${value}`, title: value });
    const button = Object.assign(document.createElement("button"), { type: "button", className: "btn quiet icon x", textContent: "×" });
    Object.assign(item.dataset, { tag: key, value }); button.dataset.untag = ""; button.setAttribute("aria-label", "Remove tag " + key);
    item.append(text, button);
    if (old) old.replaceWith(item); else tags.append(item);
    return () => old ? item.replaceWith(old) : item.remove();
  }
  tags.parentElement.querySelector("[data-tag-form]").onsubmit = async e => {
    e.preventDefault();
    const form = e.target, key = form.elements.key.value.trim(), value = form.elements.value.value;
    if (!key) return;
    const back = place(key, value);
    try { await put(key, value); form.reset(); if (form.contains(document.activeElement)) form.elements.key.focus(); } catch (error) { back(); refused(error); }
  };
  tags.onclick = async e => {
    const item = e.target.closest("[data-untag]")?.closest("[data-tag]");
    if (!item) return;
    const { tag, value } = item.dataset;
    item.hidden = true;
    try { await remove(tag); item.remove(); toast(`Removed tag ${tag}`, { undo: async () => { const back = place(tag, value); try { await put(tag, value); } catch (error) { back(); refused(error); } } }); }
    catch (error) { item.hidden = false; refused(error); }
  };
}

/** Notes are kept when their button is pressed. */
export function editNote(form, save) {
  form.onsubmit = async e => {
    e.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    try { await save(form.elements.note.value); toast("Saved the notes"); } catch (error) { refused(error); }
    button.disabled = false;
  };
}
