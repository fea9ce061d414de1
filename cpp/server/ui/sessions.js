// The list of sessions: the newest first, each by the last thing that was asked in it.
import { read, session_path, call } from "./api.js";
import { announce, count, find, make } from "./dom.js";

const AT_ONCE = 100;

const titles = new Map();
let ids = [];
let shown = AT_ONCE;
let current = "";

export const link_to = (id) => `#s=${encodeURIComponent(id)}`;

export function session_in(hash) {
  try {
    return hash.startsWith("#s=") ? decodeURIComponent(hash.slice(3)) : "";
  } catch {
    return ""; // an address that somebody has cut
  }
}

export function note(text) {
  find("session-note").textContent = text;
  if (text) announce(text);
}

export async function refresh() {
  let said;
  try {
    ids = (await read("memory/sessions")).sessions.reverse();
    said = ids.length ? "" : "None yet.";
  } catch (refusal) {
    ids = [];
    said = refusal.status === 404 ? "This agent does not show its sessions." : refusal.message;
  }
  note(said);
  draw();
}

export function select(id) {
  current = id;
  for (const link of find("session-list").querySelectorAll("a")) mark(link);
}

// A session whose title is no longer the newest question.
export function asked(id, question) {
  titles.set(id, question);
}

export const forget = (id) => call(session_path(id), { method: "DELETE", quiet: true });

// All of a session's events as a file, one JSON object a line.
export async function save(id) {
  const content = await (await call(session_path(id))).blob();
  const address = URL.createObjectURL(content);
  make("a", { href: address, download: `${id.replace(/[^\w.-]+/g, "_")}.jsonl` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
  announce("The session is saved as a file.");
}

function draw() {
  const list = find("session-list");
  const known = new Map([...list.querySelectorAll("a")].map((link) => [link.dataset.id, link.parentElement]));
  const items = ids.slice(0, shown).map((id) => known.get(id) ?? item(id));
  for (const element of items) entitle(element.firstChild);
  if (ids.length > shown) items.push(make("li", {}, more()));
  list.replaceChildren(...items);
  select(current);
}

function item(id) {
  const title = make("span", { className: "title" }, "…");
  const link = make("a", { href: link_to(id) }, title, make("span", { className: "mono id" }, id));
  link.dataset.id = id;
  soon.observe(link);
  return make("li", {}, link);
}

function more() {
  const button = make(
    "button",
    { className: "quiet small", type: "button" },
    `Show ${count(ids.length - shown, "more", "more")}`,
  );
  button.addEventListener("click", () => {
    shown += AT_ONCE;
    draw();
  });
  return button;
}

function mark(link) {
  if (link.dataset.id === current) link.ariaCurrent = "page";
  else link.removeAttribute("aria-current");
}

// A title costs a request, and is asked for when somebody can see it.
const soon = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    soon.unobserve(target);
    if (!titles.has(target.dataset.id)) learn(target);
  }
});

async function learn(link) {
  const id = link.dataset.id;
  const query = new URLSearchParams({ session_id: id, limit: "1" });
  for (const type of ["user_message", "task_delegation_received"]) query.append("event_type", type);
  const found = await read(`memory/events?${query}`, { quiet: true }).catch(() => ({ events: [] }));
  if (!titles.has(id)) titles.set(id, String(found.events[0]?.content ?? ""));
  entitle(link);
}

function entitle(link) {
  const title = titles.get(link.dataset.id);
  if (title !== undefined) link.firstChild.textContent = title.trim().slice(0, 120) || "Without words";
}
