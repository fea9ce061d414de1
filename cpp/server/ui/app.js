// The page as a whole: what is open, who is asked, and what the buttons do.
import { call, events_of, key, on_key_needed, read } from "./api.js";
import { ask } from "./chat.js";
import { announce, count, find, make } from "./dom.js";
import * as dialogs from "./dialogs.js";
import * as sessions from "./sessions.js";
import { runs_of, story_of } from "./timeline.js";
import { Turn } from "./turn.js";

const NARROW = matchMedia("(max-width: 56rem)");

let card = { name: "Agent", description: "", skills: [] };
let session = ""; // "" until the agent has named one
let running = null; // the AbortController of the answer that is on its way
let tokens = 0;
let opening = 0; // counts what was opened, so that a late answer does not overwrite a newer one

// ---------------------------------------------------------------------------------------------------- the conversation

const conversation = find("conversation");
const turns = find("turns");
const prompt = find("prompt");

// Follows what is being written, unless the reader has gone back to read.
function follow(change) {
  const at_end = conversation.scrollHeight - conversation.scrollTop - conversation.clientHeight < 80;
  change();
  if (at_end) requestAnimationFrame(() => (conversation.scrollTop = conversation.scrollHeight));
}

function welcome() {
  const skills = card.skills
    .filter((skill) => skill.name)
    .map((skill) => make("li", {}, make("strong", {}, skill.name), skill.description ? ` ${skill.description}` : ""));
  const box = make(
    "section",
    { className: "welcome" },
    make("p", { className: "hello" }, card.name),
    make("p", { className: "soft" }, card.description),
  );
  if (skills.length) box.append(make("h2", {}, "What it can do"), make("ul", {}, ...skills));
  turns.replaceChildren(box);
}

function show_session() {
  find("bar").hidden = !session;
  find("session-id").textContent = session;
  find("tokens").textContent = tokens ? `${count(tokens, "token")} on this page` : "";
  sessions.select(session);
  if (session !== sessions.session_in(location.hash))
    history.replaceState(null, "", session ? sessions.link_to(session) : "#new");
}

function begin_anew() {
  ++opening;
  session = "";
  tokens = 0;
  welcome();
  show_session();
  prompt.focus();
}

async function open(id) {
  const mine = ++opening;
  session = id;
  tokens = 0;
  show_session();
  turns.replaceChildren(make("p", { className: "soft" }, "Reading …"));
  const shown = await events_of(id)
    .then((events) => runs_of(events).map(remembered))
    .catch(told);
  if (mine !== opening) return;
  turns.replaceChildren(...(shown.length ? shown : [make("p", { className: "soft" }, "Nothing has been said here.")]));
  conversation.scrollTop = conversation.scrollHeight;
  announce(`A session with ${count(shown.length, "question")} is open.`);
}

const told = (refusal) => [make("div", { className: "failure" }, make("p", {}, refusal.message))];

function remembered({ events }) {
  const story = story_of(events);
  const delegated = story.prompt?.event_type === "task_delegation_received";
  const turn = new Turn(card.name, String(story.prompt?.content ?? ""), delegated);
  turn.remember(story);
  return turn.element;
}

// ------------------------------------------------------------------------------------------------------- one question

async function send(question) {
  running = new AbortController();
  show_running();
  turns.querySelector(":scope > :not(.turn)")?.remove();
  const turn = new Turn(card.name, question);
  turn.busy = true;
  turns.append(turn.element);
  conversation.scrollTop = conversation.scrollHeight;
  announce("Sent.");
  const run = { id: "", usage: null };
  try {
    await ask(question, session, running.signal, (heard) => follow(() => hear(heard, turn, run)));
    announce(`${card.name} says: ${turn.text}`);
  } catch (failure) {
    if (failure.opened) hear(failure, turn, run);
    follow(() => fail(turn, failure, question));
  }
  turn.ended({ usage: run.usage });
  running = null;
  show_running();
  tokens += run.usage?.total_tokens ?? 0;
  show_session();
  if (session) sessions.asked(session, question);
  await Promise.all([explain(turn, run), sessions.refresh()]);
}

function hear(heard, turn, run) {
  if (heard.opened) {
    run.id = heard.opened.run;
    session ||= heard.opened.session ?? "";
  }
  if (heard.text) turn.said(heard.text);
  if (heard.thought) turn.thought(heard.thought);
  if (heard.usage) run.usage = heard.usage;
  if (heard.progress && turn.progressed(heard.progress)) {
    announce(`${heard.progress.action === "delegate" ? "Asks" : "Calls"} ${heard.progress.target}.`);
  }
}

function fail(turn, failure, question) {
  if (failure.name === "AbortError") {
    turn.failed("Stopped.", { partial: true });
    return announce("Stopped.");
  }
  turn.failed(failure.message, failure, again(question, failure.wait ?? 0));
  announce(failure.message);
}

function again(question, wait) {
  const button = make("button", { className: "quiet", type: "button" });
  const free_at = performance.now() + wait * 1000;
  const tick = () => {
    const left = Math.ceil((free_at - performance.now()) / 1000);
    button.disabled = left > 0;
    button.textContent = left > 0 ? `Try again in ${left} s` : "Try again";
    if (left > 0) setTimeout(tick, 250);
  };
  tick();
  button.addEventListener("click", () => {
    if (running) return;
    button.closest(".turn").remove();
    send(question);
  });
  return button;
}

// The memory knows what went through the tools, and when; one that is off or not shown leaves the answer as it is. What
// was stopped is there a moment later.
async function explain(turn, run, tries = 10) {
  if (!session || !run.id) return;
  const events = await events_of(session, { quiet: true }).catch(() => []);
  const own = runs_of(events).find((one) => one.run === run.id);
  const story = own && story_of(own.events);
  if (story?.end) return follow(() => turn.explain(story, run.usage));
  if (own && tries > 1) setTimeout(() => explain(turn, run, tries - 1), 200);
}

function show_running() {
  const focused = document.activeElement === find(running ? "send" : "stop");
  find("send").hidden = Boolean(running);
  find("stop").hidden = !running;
  if (focused) (running ? find("stop") : prompt).focus();
}

function stop() {
  running?.abort();
}

// ------------------------------------------------------------------------------------------------------------ controls

function grow() {
  prompt.style.blockSize = "auto";
  prompt.style.blockSize = `${Math.min(prompt.scrollHeight + 2, innerHeight * 0.4)}px`;
}

find("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const question = prompt.value.trim();
  if (!question || running) return;
  prompt.value = "";
  grow();
  send(question);
});
prompt.addEventListener("input", grow);
prompt.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  find("ask").requestSubmit();
});
find("stop").addEventListener("click", stop);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  if (document.body.classList.contains("drawer")) drawer(false);
  else stop();
});
find("skip").addEventListener("click", (event) => {
  event.preventDefault();
  prompt.focus();
});

function drawer(is_open) {
  document.body.classList.toggle("drawer", is_open);
  if (is_open) find("sessions").inert = false;
  find("show-sessions").ariaExpanded = String(is_open);
  if (is_open) find("new").focus();
  else if (find("sessions").contains(document.activeElement)) find("show-sessions").focus();
  find("sessions").inert = NARROW.matches && !is_open;
}
find("show-sessions").addEventListener("click", () => drawer(!document.body.classList.contains("drawer")));
NARROW.addEventListener("change", () => drawer(false));
find("sessions").inert = NARROW.matches;
document.querySelector("main").addEventListener("pointerdown", () => {
  if (document.body.classList.contains("drawer")) drawer(false);
});

find("refresh").addEventListener("click", sessions.refresh);
find("export").addEventListener("click", () => sessions.save(session).catch((refusal) => announce(refusal.message)));
find("delete").addEventListener("click", async () => {
  const gone = session;
  if (running || !(await dialogs.confirm_delete(gone, () => sessions.forget(gone)))) return;
  announce("The session is deleted.");
  location.hash = "#new";
  begin_anew();
  await sessions.refresh();
});
find("about").addEventListener("click", () => dialogs.about(card));
find("key").addEventListener("click", async () => {
  if (await dialogs.ask_for_key(false)) await begin();
});

const THEMES = ["auto", "light", "dark"];
function show_theme() {
  find("theme").textContent = `Theme: ${document.documentElement.dataset.theme ?? "auto"}`;
}
find("theme").addEventListener("click", () => {
  const root = document.documentElement.dataset;
  const next = THEMES[(THEMES.indexOf(root.theme ?? "auto") + 1) % THEMES.length];
  if (next === "auto") delete root.theme;
  else root.theme = next;
  localStorage.setItem("pais.theme", next);
  show_theme();
});

// ----------------------------------------------------------------------------------------------------------- beginning

function follow_address() {
  const named = sessions.session_in(location.hash);
  if (named === session && (named || turns.querySelector(".welcome"))) return;
  if (running) {
    history.replaceState(null, "", session ? sessions.link_to(session) : "#new");
    sessions.note("An answer is on its way. Stop it first, or wait for it.");
    return;
  }
  if (NARROW.matches && document.body.classList.contains("drawer")) drawer(false);
  if (named) open(named);
  else begin_anew();
}
addEventListener("hashchange", follow_address);
find("new").addEventListener("click", (event) => {
  event.preventDefault();
  if (location.hash === "#new") follow_address();
  else location.hash = "#new";
});

async function begin() {
  await sessions.refresh();
  follow_address();
}

find("key").hidden = !key.get();
on_key_needed((was_refused) => {
  find("key").hidden = false;
  return dialogs.ask_for_key(was_refused);
});
show_theme();
try {
  card = { ...card, ...(await read(".well-known/agent.json", { quiet: true })) };
} catch (refusal) {
  announce(refusal.message);
}
document.title = card.name;
find("name").textContent = card.name;
if (!sessions.session_in(location.hash)) begin_anew();
await begin();
