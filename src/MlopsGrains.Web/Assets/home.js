import { api } from "./shell.js";

// Shows the first run as soon as it is there, and nobody is in the middle of something.
const place = document.querySelector("[data-first-run]");
if (place) {
  const look = async () => {
    const answer = await api("/api/v1/experiments").then(a => a.json()).catch(() => null);
    const ids = answer?.items.map(e => e.experimentId) ?? [];
    if (ids.length) {
      const runs = await api("/api/v1/runs/search", { method: "POST", body: { experimentIds: ids, maxResults: 1 } }).then(a => a.json()).catch(() => null);
      if (runs?.items.length && !document.querySelector("dialog[open]")) return location.reload();
    }
    setTimeout(look, document.hidden ? 10000 : 1000);
  };
  look();
}

// What is newer the next time is marked; a reload a moment later still shows what was new.
const seen = Number(/(?:^|; )mlops-seen=(\d+)/.exec(document.cookie)?.[1] ?? 0);
if (Date.now() - seen > 300000) addEventListener("pagehide", () => { document.cookie = `mlops-seen=${Date.now()}; path=/; max-age=31536000; samesite=lax`; });
