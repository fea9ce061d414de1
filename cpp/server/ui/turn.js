// One question and its answer on the page, as it is told live or as the memory has it.
import { count, duration, make } from "./dom.js";
import { write } from "./markdown.js";
import { draw } from "./timeline.js";

// Whoever has opened one timeline sees the next one open.
let shows_timeline = false;

const TIMES = "As the agent's host took the time. A model's bar reaches from what came before it to its answer.";
const MARKS = " A mark without a length is when this page heard of it.";

const SHORT = 80;

function pretty(value) {
  if (typeof value === "string") return value;
  const line = JSON.stringify(value);
  return line.length <= SHORT ? line : JSON.stringify(value, null, 2);
}

const percent = (fraction) => `${Math.round(fraction * 100)} %`;

export class Turn {
  #agent;
  #answer = make("div", { className: "answer" });
  #foot = make("div", { className: "foot" });
  #text = null; // the piece of the answer that is being written, and its element
  #steps = null; // the calls that were asked for at once
  #groups = [];
  #marks = [];
  #pending = false;
  #started = performance.now();
  #first = null;

  constructor(agent, question, delegated = false) {
    this.#agent = agent;
    this.element = make(
      "article",
      { className: "turn" },
      make("h2", { className: "unseen" }, delegated ? "Another agent asked" : "You asked"),
      make("div", { className: "question", textContent: question }),
      make("h2", { className: "unseen" }, agent),
      this.#answer,
      this.#foot,
    );
  }

  // The element that grows; busy while more is to come.
  set busy(is_busy) {
    this.#answer.ariaBusy = String(is_busy);
    this.#answer.classList.toggle("busy", is_busy);
  }

  // All that was said so far, of the last answer of the model.
  get text() {
    return this.#text?.words.trim() ?? "";
  }

  said(words) {
    this.#first ??= performance.now();
    if (!this.#text) {
      if (words.trim() === "") return; // what separates this answer of the model from the one before
      this.#settle();
      this.#text = { words: "", element: make("div", { className: "text" }) };
      this.#answer.append(this.#text.element);
    }
    this.#text.words += words;
    this.#draw_soon();
  }

  thought(words) {
    let place = this.#answer.querySelector(":scope > .thoughts:last-child > p");
    if (!place) {
      place = make("p");
      this.#answer.append(make("details", { className: "thoughts" }, make("summary", {}, "Thoughts"), place));
    }
    place.append(words);
  }

  // Tells whether this is a call that has not been heard of: "add", "math/units".
  progressed({ step, action, target, agent, fraction, message }) {
    if (fraction !== undefined || message !== undefined) {
      this.#advanced(target, fraction, message);
      return false;
    }
    if (agent !== undefined) {
      this.#heard_of(agent, action === "delegate" ? "asks" : "calls", target);
      return false;
    }
    this.#draw();
    this.#text = null;
    if (this.#steps?.step !== step) {
      this.#settle();
      this.#steps = { step, element: make("ul", { className: "steps" }) };
      this.#answer.append(this.#steps.element);
    }
    this.#call(step, action === "delegate", target);
    return true;
  }

  // The answer is complete, or will never be.
  ended({ usage, seconds = performance.now() - this.#started } = {}) {
    this.#draw();
    this.#settle();
    this.busy = false;
    const facts = [duration(seconds)];
    if (this.#first !== null) facts.push(`first word after ${duration(this.#first - this.#started)}`);
    if (usage?.total_tokens) facts.push(count(usage.total_tokens, "token"));
    this.#foot.replaceChildren(make("p", { className: "facts" }, facts.join(" · ")));
    if (usage?.total_tokens) this.#foot.firstChild.title = usage_in_words(usage);
  }

  failed(message, { code = "", request = "", partial = false } = {}, again = null) {
    this.#settle(true);
    const small = [code, request && `request ${request}`].filter(Boolean).join(" · ");
    const box = make("div", { className: partial ? "failure mild" : "failure" }, make("p", {}, message));
    if (small && !partial) box.append(make("p", { className: "mono soft" }, small));
    if (again) box.append(again);
    this.#answer.append(box);
  }

  // What the memory knows of this run: what went into the calls and came out of them, and when.
  explain(story, usage) {
    story.batches.forEach((batch, at) => {
      const groups = this.#groups.filter((group) => group.step === this.#step_at(at));
      for (const call of batch.calls) {
        const group = groups.find((one) => one.target === call.target && one.delegation === call.delegation);
        if (group) detail(group, call);
      }
    });
    if (story.prompt && story.end) this.#timeline(story.rows, usage);
  }

  // The same from the memory alone.
  remember(story) {
    story.batches.forEach((batch, at) => {
      for (const call of batch.calls) {
        for (let times = call.arguments.length; times > 0; --times) {
          this.progressed({ step: at + 1, action: call.delegation ? "delegate" : "tool_call", target: call.target });
        }
      }
    });
    const { end } = story;
    const failed = end?.event_type === "error";
    const words = failed ? end.metadata?.partial : end?.content;
    if (words) this.said(pretty(words));
    this.#draw();
    this.#settle();
    if (failed) this.failed(end.content, { code: end.metadata?.code, partial: end.metadata?.code === "cancelled" });
    if (!end) this.failed("There is no answer to this yet.", { partial: true });
    this.explain(story);
  }

  #step_at(batch) {
    return [...new Set(this.#groups.map((group) => group.step))][batch];
  }

  #call(step, delegation, target) {
    let group = this.#groups.find((one) => one.step === step && one.target === target && one.delegation === delegation);
    if (!group) {
      const name = make("span", { className: "call" }, target);
      const note = make("span", { className: "note" });
      const row = make(
        "div",
        { className: "row" },
        make("span", { className: "state" }, make("span", { className: "unseen" }, "running: ")),
        make("span", { className: "soft" }, delegation ? "asks " : "calls "),
        name,
        note,
      );
      const element = make("li", { className: `step running${delegation ? " delegate" : ""}` }, row);
      group = { step, delegation, target, element, row, name, note, times: 0, heard: null };
      this.#groups.push(group);
      this.#steps.element.append(element);
    }
    group.times += 1;
    if (group.times > 1) group.name.textContent = `${target} ×${group.times}`;
  }

  #advanced(target, fraction, message) {
    const group =
      this.#groups.findLast((one) => one.target === target) ?? this.#groups.findLast((one) => one.delegation);
    if (group)
      group.note.textContent = [typeof fraction === "number" ? percent(fraction) : "", message]
        .filter(Boolean)
        .join(" · ");
  }

  #heard_of(agent, verb, target) {
    const [own] = agent.split("/");
    this.#marks.push({ agent: own, label: `${agent} ${verb} ${target}`, at: performance.now() - this.#started });
    const group = this.#groups.findLast((one) => one.delegation && one.target === own);
    if (!group) return;
    if (!group.heard) {
      group.heard = make("ul", { className: "heard" });
      group.element.append(group.heard);
    }
    group.heard.append(
      make(
        "li",
        {},
        make("span", { className: "soft" }, `${agent} ${verb} `),
        make("span", { className: "call" }, target),
      ),
    );
  }

  // No call is under way any more: the model has gone on, or the run is over.
  #settle(failed = false) {
    for (const { element, row, note } of this.#groups) {
      if (!element.classList.contains("running")) continue;
      element.classList.replace("running", failed ? "broken" : "done");
      row.querySelector(".state .unseen").textContent = failed ? "not finished: " : "done: ";
      note.textContent = "";
    }
  }

  #draw_soon() {
    if (this.#pending) return;
    this.#pending = true;
    requestAnimationFrame(() => this.#pending && this.#draw());
  }

  #draw() {
    this.#pending = false;
    if (this.#text) write(this.#text.element, this.#text.words);
  }

  #timeline(rows, usage) {
    const box = make("details", { className: "timeline", open: shows_timeline });
    const facts = this.#foot.querySelector(".facts")?.textContent ?? duration(rows[0].to - rows[0].from);
    box.append(
      make("summary", { title: usage ? usage_in_words(usage) : "" }, make("span", { className: "facts" }, facts)),
      draw(rows, this.#marks),
    );
    if (usage?.total_tokens) box.append(make("p", { className: "soft usage" }, usage_in_words(usage)));
    box.append(make("p", { className: "soft" }, TIMES + (this.#marks.length ? MARKS : "")));
    box.addEventListener("toggle", () => (shows_timeline = box.open));
    this.#foot.replaceChildren(box);
  }
}

function usage_in_words({ prompt_tokens, completion_tokens, prompt_tokens_details, delegations }) {
  const words = [`${count(prompt_tokens, "token")} read`, `${count(completion_tokens, "token")} written`];
  if (prompt_tokens_details?.cached_tokens)
    words.push(`${count(prompt_tokens_details.cached_tokens, "token")} from a cache`);
  if (delegations?.total_tokens) words.push(`${count(delegations.total_tokens, "token")} by other agents`);
  return words.join(", ");
}

// The line of a call becomes one that can be opened.
function detail({ element, row }, call) {
  if (call.row.failed) {
    element.classList.replace("done", "broken");
    row.querySelector(".state .unseen").textContent = "failed: ";
  }
  if (call.row.to !== null) row.querySelector(".note").textContent = duration(call.row.to - call.row.from);
  const pair = (title, values) =>
    values.flatMap((value) => [make("h3", {}, title), make("pre", { tabIndex: 0, textContent: pretty(value) })]);
  row.replaceWith(
    make(
      "details",
      {},
      make("summary", { className: "row" }, ...row.childNodes),
      ...pair("In", call.arguments),
      ...pair("Out", call.results),
    ),
  );
}
