import { api } from "./shell.js";

const dialog = document.getElementById("run-pipeline");
let key;
function open() {
  if (!dialog || dialog.open) return;
  key = crypto.randomUUID();
  dialog.showModal();
  dialog.querySelector("[data-param]")?.focus();
}
addEventListener("click", e => { if (e.target.closest("[data-do=run-pipeline]")) open(); });
addEventListener("keydown", e => {
  if (e.key === "r" && !e.ctrlKey && !e.metaKey && !e.altKey && !e.target.closest("input, select, textarea") && localStorage.getItem("mlops-letters") !== "off" && !document.querySelector("dialog[open]")) { e.preventDefault(); open(); }
});

/** What is wrong with a value, in the API's words. */
function faultOf(field) {
  const name = "params." + field.dataset.param;
  if ([...field.value].length > 2000) return `${name} must be a text of at most 2000 characters.`;
  if (field.dataset.type === "number" && (field.value.trim() === "" || !Number.isFinite(Number(field.value)) || /^0[xbo]/i.test(field.value.trim()))) return `${name} must be a number like its default, not '${field.value}'.`;
  return null;
}
function tell(field, fault) {
  const place = field.closest(".field").querySelector("[role=alert]");
  place.textContent = fault ?? "";
  place.hidden = !fault;
  if (fault) field.setAttribute("aria-invalid", "true"); else field.removeAttribute("aria-invalid");
  return fault;
}
const fields = () => [...dialog.querySelectorAll("[data-param]")];
dialog?.addEventListener("input", e => { if (e.target.matches("[data-param]")) tell(e.target, faultOf(e.target)); });
dialog?.querySelector("form").addEventListener("submit", async e => {
  e.preventDefault();
  const wrong = fields().filter(f => tell(f, faultOf(f))), other = dialog.querySelector("[data-fault]");
  other.hidden = true;
  if (wrong.length) return wrong[0].focus();
  const changed = fields().filter(f => f.value !== f.dataset.default).map(f => [f.dataset.param, f.value]);
  const button = e.submitter ?? dialog.querySelector("[type=submit]");
  button.disabled = true;
  try {
    const run = await (await api(`/api/v1/pipelines/${encodeURIComponent(dialog.dataset.pipeline)}/runs`, { method: "POST", body: { params: Object.fromEntries(changed) }, headers: { "Idempotency-Key": key } })).json();
    location.href = "/pipeline-runs/" + run.pipelineRunId;
  } catch (error) {
    const field = fields().find(f => error.field === "params." + f.dataset.param);
    if (field) { tell(field, error.message); field.focus(); } else { other.textContent = error.message; other.hidden = false; }
    key = crypto.randomUUID();
  } finally { button.disabled = false; }
});
