// Where the page could not be shown, there is nothing to upload to.
const dialog = document.getElementById("upload") ?? document.createElement("dialog"), form = dialog.querySelector("form") ?? document.createElement("form");
const field = name => form.querySelector(`[data-field="${CSS.escape(name)}"]`), bar = form.querySelector("progress"), other = form.querySelector("[data-fault]");
let key, sending;

function open() {
  if (dialog.open || !dialog.isConnected) return;
  key = crypto.randomUUID();
  dialog.showModal();
  (field("name").closest("[hidden]") ? field("file") : field("name")).focus();
}
addEventListener("click", e => { if (e.target.closest("[data-do=upload]")) open(); });
addEventListener("keydown", e => {
  if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest("input, select, textarea") || localStorage.getItem("mlops-letters") === "off" || document.querySelector("dialog[open]")) return;
  if (e.key === "u") { e.preventDefault(); open(); }
});
dialog.addEventListener("close", () => sending?.abort());

function tell(name, fault) {
  const input = field(name), place = input.closest(".field").querySelector("[role=alert]");
  place.textContent = fault ?? "";
  place.hidden = !fault;
  if (fault) input.setAttribute("aria-invalid", "true"); else input.removeAttribute("aria-invalid");
  return fault;
}
const asked = { name: () => /^[A-Za-z0-9._-]{1,128}$/.test(field("name").value) ? null : "name must be 1 to 128 letters, digits, '.', '_' or '-'.", file: () => field("file").files.length ? null : "Choose a file." };

/** A request of its own kind: only this one tells how much has left. */
function send(path, body, progress) {
  return new Promise((done, refuse) => {
    const request = sending = new XMLHttpRequest(), token = /(?:^|; )mlops-token=([^;]+)/.exec(document.cookie)?.[1];
    request.open("POST", path);
    request.setRequestHeader("Content-Type", "text/csv");
    request.setRequestHeader("Idempotency-Key", key);
    if (token) request.setRequestHeader("X-Mlops-Token", token);
    request.upload.onprogress = e => progress(e.loaded / e.total);
    request.onload = () => {
      let said = null;
      try { said = JSON.parse(request.responseText); } catch { /* no problem was told */ }
      if (request.status < 300) done(said);
      else refuse(Object.assign(new Error(said?.detail || `HTTP ${request.status}`), { field: said?.field }));
    };
    request.onerror = () => refuse(new Error("The server did not answer. Nothing was added; try again."));
    request.onabort = () => refuse(new Error("Stopped. Nothing was added."));
    request.send(body);
  });
}

form.addEventListener("submit", async e => {
  e.preventDefault();
  other.hidden = true;
  const wrong = Object.keys(asked).filter(name => tell(name, asked[name]()));
  if (wrong.length) return field(wrong[0]).focus();
  const button = form.querySelector("[type=submit]"), file = field("file").files[0], name = field("name").value;
  const query = new URLSearchParams({ source: field("source").value || file.name });
  if (field("description").value) query.set("description", field("description").value);
  button.disabled = true;
  bar.hidden = false;
  try {
    const version = await send(`/api/v1/datasets/${encodeURIComponent(name)}/versions?${query}`, file, share => { if (share < 1) bar.value = share; else bar.removeAttribute("value"); });
    location.href = `/datasets/${encodeURIComponent(version.dataset)}/${version.version}`;
  } catch (error) {
    if (error.field && field(error.field)) { tell(error.field, error.message); field(error.field).focus(); }
    else { other.textContent = error.message; other.hidden = false; }
    key = crypto.randomUUID();
  } finally {
    sending = null;
    button.disabled = false;
    bar.hidden = true;
    bar.value = 0;
  }
});
form.addEventListener("input", e => { if (e.target.dataset.field in asked) tell(e.target.dataset.field, asked[e.target.dataset.field]()); });
