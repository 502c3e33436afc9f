import { api, follow, refused, toast } from "./shell.js";
import { mount } from "./log.js";

const main = document.getElementById("main"), place = document.querySelector("[data-run]");
if (place) open(place.dataset.run);

function open(id) {
  const query = () => new URLSearchParams(location.search);
  let lines = [], log, following = true, asked = 0;

  /** The same page, asked for again. With other steps or tabs the panel is taken whole; else only what changed, so that what is read or typed stays. */
  async function refresh(address) {
    const mine = ++asked;
    const answer = await fetch(`/pipeline-runs/${id}/part` + (address ?? location.search));
    if (mine !== asked || !answer.ok) return;
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    const focused = document.activeElement?.closest("[data-step]"), within = focused?.closest("[data-part]")?.dataset.part;
    const panel = main.querySelector("[data-step-panel]"), other = next.querySelector("[data-step-panel]");
    if (panel.dataset.stepPanel !== other.dataset.stepPanel || panel.dataset.tab !== other.dataset.tab) { panel.replaceWith(other); read(); }
    for (const part of main.querySelectorAll("[data-part]")) {
      const fresh = next.querySelector(`[data-part="${part.dataset.part}"]`);
      if (!fresh || fresh.innerHTML === part.innerHTML) continue;
      const scroll = part.querySelector(".dagwrap")?.scrollLeft;
      part.innerHTML = fresh.innerHTML;
      if (scroll) part.querySelector(".dagwrap").scrollLeft = scroll;
    }
    if (within) main.querySelector(`[data-part="${within}"] [data-step="${CSS.escape(focused.dataset.step)}"]`)?.focus({ preventScroll: true });
  }

  function select(step, href) {
    history.pushState(null, "", href);
    refresh();
  }
  addEventListener("popstate", () => refresh());
  main.addEventListener("click", e => {
    const link = e.target.closest("a[data-step], .insp .tabs a");
    if (!link || e.ctrlKey || e.metaKey || e.shiftKey) return;
    e.preventDefault();
    select(link.dataset.step, link.href);
  });

  // Arrows walk the graph: to what needs this, to what this needs, up and down among those beside it; in the timeline up and down.
  main.addEventListener("keydown", e => {
    const link = e.target.closest("a[data-step]"), move = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[e.key];
    if (!link || !move || e.ctrlKey || e.altKey || e.metaKey) return;
    const graph = link.closest(".dag"), all = [...(graph ?? link.closest(".gantt") ?? main).querySelectorAll("a[data-step]")];
    const at = link.getBoundingClientRect(), middle = r => r.y + r.height / 2;
    let to;
    if (!graph) to = all[all.indexOf(link) + move[1]];
    else {
      const layer = Number(link.dataset.layer) + move[0];
      const beside = all.filter(o => o !== link && Number(o.dataset.layer) === layer).map(o => ({ o, y: middle(o.getBoundingClientRect()) - middle(at) })).filter(o => !move[1] || o.y * move[1] > 0);
      to = beside.sort((a, b) => Math.abs(a.y) - Math.abs(b.y))[0]?.o;
    }
    e.preventDefault();
    if (!to) return;
    to.focus();
    to.scrollIntoView({ block: "nearest", inline: "nearest" });
    select(to.dataset.step, to.href);
  });

  main.addEventListener("change", e => {
    if (e.target.matches("[data-waits]")) { const q = query(); q.delete("waits"); if (!e.target.checked) q.set("waits", "0"); history.replaceState(null, "", location.pathname + (q.size ? "?" + q : "")); refresh(); }
    if (e.target.matches("[data-log-attempt]")) { keep("attempt", e.target.value); sift(); }
  });
  const keep = (key, value) => { const q = query(); q.delete(key); if (value) q.set(key, value); history.replaceState(null, "", location.pathname + (q.size ? "?" + q : "")); };

  // The log. All of the run's lines are read once, then they come with the events.
  const panel = () => main.querySelector("[data-step-panel]");
  function read() {
    const box = main.querySelector("[data-log]");
    log = null;
    if (!box) return;
    const button = main.querySelector("[data-log-follow]");
    const set = on => { following = on; button.setAttribute("aria-pressed", String(on)); };
    log = mount(box, {
      follow: on => on === undefined ? following : set(on),
      select: line => keep("line", line),
      shows: text => { const out = main.querySelector("[data-log-shows]"); if (out && out.textContent !== text) out.textContent = text; },
      nameSteps: () => panel().dataset.stepPanel === "*",
    });
    button.onclick = () => { set(!following); if (following) log.end(); };
    main.querySelector("[data-log-find]").oninput = sift;
    main.querySelector("[data-log-find]").value = query().get("q") ?? "";
    main.querySelector("[data-log-download]").onclick = () => {
      const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(new Blob([log.text()], { type: "text/plain" })), download: `${id.slice(0, 8)}-${panel().dataset.stepPanel.replace(/[^\w@.-]/g, "run")}.log` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    };
    const line = Number(query().get("line"));
    set(!line && place.dataset.ended === undefined);
    log.add(lines);
    sift();
    if (line) log.goTo(line);
  }
  function sift() {
    const step = panel().dataset.stepPanel, attempt = Number(main.querySelector("[data-log-attempt]")?.value ?? 0), asked = (main.querySelector("[data-log-find]")?.value ?? "").toLowerCase();
    log?.show(l => (step === "*" || l.step === step) && (!attempt || l.attempt === attempt) && (!asked || l.text.toLowerCase().includes(asked)));
    keep("q", main.querySelector("[data-log-find]")?.value);
  }
  addEventListener("keydown", e => {
    if (e.key === "f" && !e.ctrlKey && !e.metaKey && !e.altKey && !e.target.closest("input, select, textarea") && localStorage.getItem("mlops-letters") !== "off" && !document.querySelector("dialog[open]")) main.querySelector("[data-log-follow]")?.click();
  });

  let last = 0, reading = null;
  const take = more => { more = more.filter(l => l.line > last); if (!more.length) return; last = more.at(-1).line; lines = lines.concat(more); log?.add(more); };
  const catchUp = () => reading ??= (async () => {
    const size = 10000;
    for (let more = []; more.length || !last; ) {
      more = await (await api(`/api/v1/pipeline-runs/${id}/logs?after=${last}&limit=${size}`)).json();
      take(more);
      if (more.length < size) break;
    }
    const line = Number(query().get("line"));
    if (line) log?.goTo(line);
  })().catch(refused).finally(() => reading = null);
  read();
  catchUp();

  // Live: changes of steps ask for the page again, at most twice a second; lines come along.
  if (place.dataset.ended !== undefined) return;
  const stream = follow(`/api/v1/pipeline-runs/${id}/events`);
  let due = null;
  const soon = () => due ??= setTimeout(() => { due = null; refresh(); }, 500);
  stream.addEventListener("reset", e => { catchUp(); soon(); if (JSON.parse(e.data).endedAt) stream.close(); });
  stream.addEventListener("change", async e => {
    const change = JSON.parse(e.data);
    if (change.log?.length) { await reading; if (change.log[0].line > last + 1) await catchUp(); else take(change.log); }
    if (change.steps?.length || change.endedAt) soon();
    if (change.endedAt) { stream.close(); place.dataset.ended = ""; await catchUp(); }
  });
  const tick = setInterval(() => { if (place.dataset.ended !== undefined) clearInterval(tick); else if (!document.hidden) soon(); }, 5000);
}

// Cancel and run again.
const dialog = document.getElementById("cancel-run");
let key;
addEventListener("click", async e => {
  if (e.target.closest("[data-do=cancel-run]")) { dialog.querySelector("[role=alert]").hidden = true; dialog.showModal(); }
  const again = e.target.closest("[data-do=run-again]");
  if (!again) return;
  again.disabled = true;
  key ??= crypto.randomUUID();
  try {
    const run = await (await api(`/api/v1/pipelines/${encodeURIComponent(again.dataset.pipeline)}/runs`, { method: "POST", body: { params: JSON.parse(again.dataset.params) }, headers: { "Idempotency-Key": key } })).json();
    location.href = "/pipeline-runs/" + run.pipelineRunId;
  } catch (error) { again.disabled = false; key = null; refused(error); }
});
dialog?.querySelector("form").addEventListener("submit", async e => {
  e.preventDefault();
  const field = dialog.querySelector("input"), fault = dialog.querySelector("[role=alert]");
  try {
    await api(`/api/v1/pipeline-runs/${place.dataset.run}/cancel`, { method: "POST", body: { reason: field.value } });
    dialog.close();
    toast("The run is cancelled");
  } catch (error) { fault.textContent = error.message; fault.hidden = false; field.setAttribute("aria-invalid", "true"); field.focus(); }
});
