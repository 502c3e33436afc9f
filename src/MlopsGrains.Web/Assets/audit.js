import { api, refused, toast } from "./shell.js";

const number = n => { const b = new DataView(new ArrayBuffer(8)); b.setBigInt64(0, BigInt(n)); return new Uint8Array(b.buffer); };
const text = t => { const bytes = new TextEncoder().encode(t), b = new DataView(new ArrayBuffer(4)); b.setInt32(0, bytes.length); return [new Uint8Array(b.buffer), bytes]; };

/** The chain's rule (AuditHash), in this browser: previous hash, sequence, milliseconds, actor, action, subject, details in ordinal key order. */
export async function recompute(e) {
  const keys = Object.keys(e.detail).sort((a, b) => a < b ? -1 : a > b ? 1 : 0);
  const parts = [new TextEncoder().encode(e.previousHash), number(e.sequence), number(new Date(e.time).getTime()), ...[e.actor, e.action, e.subject].flatMap(text), number(keys.length), ...keys.flatMap(k => [...text(k), ...text(e.detail[k])])];
  const digest = await crypto.subtle.digest("SHA-256", await new Blob(parts).arrayBuffer());
  return [...new Uint8Array(digest)].map(b => b.toString(16).padStart(2, "0")).join("");
}

for (const place of document.querySelectorAll("[data-recompute]")) {
  if (!globalThis.crypto?.subtle) continue;
  const sequence = Number(place.dataset.recompute);
  const found = (await (await api(`/api/v1/audit/events?after=${sequence - 1}&limit=1`)).json()).items[0];
  const own = await recompute(found);
  place.textContent = own === found.hash ? `${own} matches` : `${own} does not match`;
}

document.querySelector("[data-do=verify]").onclick = async e => {
  const button = e.target.closest("button"), place = document.querySelector("[data-verified]");
  button.disabled = true;
  try {
    const v = await (await api("/api/v1/audit/verification")).json();
    const words = v.valid ? `${v.events.toLocaleString("en")} events verified, the chain holds` : `Broken at event ${v.brokenAt}: ${v.reason}`;
    if (place) place.textContent = words;
    toast(words, { bad: !v.valid });
  } catch (error) { refused(error); }
  button.disabled = false;
};
