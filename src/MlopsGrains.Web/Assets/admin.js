import { api, refused, toast } from "./shell.js";

const sent = sessionStorage.getItem("mlops-done");
if (sent) { sessionStorage.removeItem("mlops-done"); toast(sent); }

/** What was done is said on the page that comes then. */
function done(said, to) {
  if (said) sessionStorage.setItem("mlops-done", said);
  if (to) location.href = to; else location.reload();
}

function send(what, body, headers) {
  const [method, path] = what.split(" ");
  return api(path, { method, body, headers });
}

addEventListener("click", async e => {
  const opens = e.target.closest("[data-open]"), now = e.target.closest("[data-send-now]");
  if (opens) {
    const dialog = document.getElementById(opens.dataset.open), form = dialog.querySelector("form");
    if ("key" in form.dataset) form.dataset.key = crypto.randomUUID();
    dialog.showModal();
  }
  if (!now) return;
  now.disabled = true;
  try {
    const answer = await send(now.dataset.sendNow, now.dataset.body && JSON.parse(now.dataset.body));
    if (now.dataset.answers === "test") {
      const { result } = await answer.json();
      toast(result.success ? `The address took it: ${result.response_status}` : `Not taken: ${result.error_message || result.response_status}`, { bad: !result.success });
    } else return done(now.dataset.said);
  } catch (error) { refused(error); }
  now.disabled = false;
});

const must = form => [...form.querySelectorAll("[data-must]")].find(field => field.value !== field.dataset.must);
const says = (form, text, field) => {
  const fault = form.querySelector("[role=alert]") || form.parentElement.querySelector("[role=alert]");
  if (fault) { fault.textContent = text; fault.hidden = !text; }
  field?.focus();
};

addEventListener("submit", async e => {
  const form = e.target, wrong = must(form);
  if (!form.matches("[data-send], [data-grant], [data-retention], [data-collect]")) return;
  e.preventDefault();
  if (wrong) return says(form, `This is not “${wrong.dataset.must}”.`, wrong);
  says(form, "");
  try {
    if (form.dataset.send) {
      const body = Object.fromEntries(new FormData(form));
      await send(form.dataset.send, body, form.dataset.key ? { "Idempotency-Key": form.dataset.key } : {});
      done(form.dataset.said || `${body.username} is ${form.dataset.then ? "deleted" : "made"}`, form.dataset.then);
    } else if (form.dataset.grant) {
      const { kind, id, level } = Object.fromEntries(new FormData(form));
      await api(`/api/v1/permissions/${kind}/${encodeURIComponent(id)}/${form.dataset.grant}`, { method: "PUT", body: { level } });
      done(`${level} is given`);
    } else if (form.matches("[data-retention]")) await collect(true);
    else { form.closest("dialog").close(); await collect(false); }
  } catch (error) { says(form, error.message, form.querySelector("input:not([type=hidden])")); }
});

for (const level of document.querySelectorAll("[data-level]"))
  level.onchange = () => api(level.dataset.level, { method: "PUT", body: { level: level.value } }).then(
    () => { const was = level.dataset.was; level.dataset.was = level.value; toast(`${level.value} is given`, { undo: () => { level.value = was; level.onchange(); } }); },
    error => { level.value = level.dataset.was; refused(error); });

// Retention goes step by step: each is done when it is answered, and one may stop between two.
async function collect(dryRun) {
  const form = document.querySelector("[data-retention]"), stop = form.querySelector("[data-stop]"), remove = form.querySelector("[data-open]");
  const days = form.elements.days.value, sum = { runs: 0, artifactFiles: 0, loggedModels: 0, experiments: 0, blobsRemoved: 0, blobBytesFreed: 0, blobCandidates: 0 };
  const skipped = new Set();
  let pageToken = null, stopped = false;
  stop.hidden = false;
  stop.onclick = () => { stopped = true; };
  try {
    do {
      const step = await (await api("/api/v1/retention/gc", { method: "POST", body: { deletedForSeconds: days === "" ? null : days * 86400, dryRun, pageToken } })).json();
      for (const key of Object.keys(sum)) sum[key] += step[key] || 0;
      (step.skipped || []).forEach(s => skipped.add(s));
      pageToken = step.nextPageToken;
      const n = x => x.toLocaleString("en"), bytes = sum.blobBytesFreed >= 1 << 20 ? `${(sum.blobBytesFreed / (1 << 20)).toFixed(1)} MiB` : `${n(Math.ceil(sum.blobBytesFreed / 1024))} KiB`;
      const words = `${n(sum.runs)} runs, ${n(sum.loggedModels)} logged models and ${n(sum.experiments)} experiments with ${n(sum.artifactFiles)} files ${dryRun ? "would go" : "are removed"}` +
        (dryRun ? "" : `; ${n(sum.blobsRemoved)} blobs, ${bytes} freed`) + (pageToken ? " so far …" : stopped ? ", stopped" : ".") + (skipped.size ? ` Left alone: ${[...skipped].slice(0, 5).join(", ")}.` : "");
      document.querySelectorAll("[data-counted]").forEach(place => place.textContent = words);
    } while (pageToken && !stopped);
    remove.hidden = !dryRun;
  } finally { stop.hidden = true; }
}
