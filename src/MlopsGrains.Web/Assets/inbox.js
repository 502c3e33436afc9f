import { api, fill, toast, refused, tables } from "./shell.js";

const main = document.getElementById("main"), place = main.querySelector("[data-alert-id]");
const at = place && `/api/v1/monitors/${encodeURIComponent(place.dataset.alertOf)}/alerts/${encodeURIComponent(place.dataset.alertId)}`;

/** The same page, asked for again: the list, the number in the sidebar and the alert are put in the place of those that are there. */
async function refresh() {
  const answer = await fetch(location.href);
  if (!answer.ok || answer.redirected) return;
  const next = new DOMParser().parseFromString(await answer.text(), "text/html"), focused = main.querySelector("a[data-alert]:focus")?.getAttribute("href");
  for (const part of main.querySelectorAll("[data-part]")) {
    const fresh = next.querySelector(`[data-part="${part.dataset.part}"]`);
    if (fresh) fill(part, fresh);
  }
  const link = document.querySelector('.side a[href="/inbox"]'), number = next.querySelector('.side a[href="/inbox"]');
  if (link && number && link.innerHTML !== number.innerHTML) link.innerHTML = number.innerHTML;
  if (focused) main.querySelector(`a[data-alert][href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

async function acknowledge() {
  const button = main.querySelector("[data-do=acknowledge]");
  if (!button || button.disabled) return;
  button.disabled = true;
  try { await api(at + "/acknowledge", { method: "POST" }); toast("You have the alert"); await refresh(); }
  catch (error) { refused(error); button.disabled = false; }
}
async function unsilence(button) {
  button.disabled = true;
  try { await api(at + "/silence", { method: "POST", body: { minutes: 0, reason: "ended in the inbox" } }); toast("The silence is over"); await refresh(); }
  catch (error) { refused(error); button.disabled = false; }
}

const dialog = document.getElementById("silence");
function tell(field, text) {
  const fault = document.getElementById(field.getAttribute("aria-describedby"));
  fault.textContent = text ?? "";
  fault.hidden = !text;
  if (text) { field.setAttribute("aria-invalid", "true"); field.focus(); } else field.removeAttribute("aria-invalid");
}
main.addEventListener("click", e => {
  const act = e.target.closest("[data-do]")?.dataset.do;
  if (act === "acknowledge") acknowledge();
  if (act === "unsilence") unsilence(e.target.closest("button"));
  if (act === "silence") { tell(dialog.querySelector("[name=reason]")); dialog.showModal(); }
});
dialog?.querySelector("form").addEventListener("submit", async e => {
  e.preventDefault();
  const reason = dialog.querySelector("[name=reason]"), minutes = Number(dialog.querySelector("[name=minutes]").value);
  tell(reason);
  try {
    await api(at + "/silence", { method: "POST", body: { minutes, reason: reason.value } });
    dialog.close();
    toast("The alert is silenced");
    await refresh();
  } catch (error) { tell(reason, error.message); }
});

const say = main.querySelector("[data-say]");
let key = crypto.randomUUID();
say?.addEventListener("submit", async e => {
  e.preventDefault();
  const field = say.elements.text, button = say.querySelector("button");
  tell(field);
  button.disabled = true;
  try {
    await api(at + "/comments", { method: "POST", body: { text: field.value }, headers: { "Idempotency-Key": key } });
    field.value = "";
    await refresh();
  } catch (error) { tell(field, error.message); }
  finally { key = crypto.randomUUID(); button.disabled = false; }
});

addEventListener("keydown", e => {
  if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest("input:not([type=checkbox]), select, textarea") || localStorage.getItem("mlops-letters") === "off" || document.querySelector("dialog[open]")) return;
  const links = [...main.querySelectorAll("a[data-alert]")], here = links.findIndex(l => l.matches("[aria-current]")), by = { j: 1, k: -1 }[e.key];
  if (by && links[here + by]) { e.preventDefault(); location.href = links[here + by].href; }
  if (e.key === "e" && place) { e.preventDefault(); acknowledge(); }
});

setInterval(() => { if (!document.hidden && !main.querySelector("[data-part]:hover, input:focus") && !document.querySelector("dialog[open]")) refresh(); }, 15000);

// T: the tables behind the charts.
tables(main);
