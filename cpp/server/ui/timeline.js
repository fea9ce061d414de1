// When things happened in a run, as bars. A bar has two ends that somebody has measured; what has one is a mark.
import { duration, make } from "./dom.js";

const CALLS = ["tool_call", "delegation_request"];
const RESULTS = ["tool_result", "delegation_response"];
const PROMPTS = ["user_message", "task_delegation_received"];

// Milliseconds, with the fractions that Date leaves out.
function time_of(event) {
  const fraction = /\.(\d+)/.exec(event.timestamp)?.[1] ?? "0";
  return Date.parse(event.timestamp.replace(/\.\d+/, "")) + Number(`0.${fraction}`) * 1000;
}

// The stored events of a session, one list a run.
export function runs_of(events) {
  const runs = [];
  for (const event of events) {
    const run = event.metadata?.run_id;
    const last = runs.at(-1);
    const known = run ? runs.find((one) => one.run === run) : PROMPTS.includes(event.event_type) ? undefined : last;
    if (known) known.events.push(event);
    else runs.push({ run, events: [event] });
  }
  return runs;
}

// What one run came to: its question and answer, the calls in between, and the bars of all of it.
//
// The memory does not say which result belongs to which of several calls of one tool that ran side by side: these are
// one entry, from the first call to the last result. The model's bar is the time from what came before it to its answer.
export function story_of(events) {
  const prompt = events.find((event) => PROMPTS.includes(event.event_type));
  const end = events.findLast((event) => ["agent_response", "error"].includes(event.event_type));
  const story = { prompt, end, batches: [], rows: [] };
  let batch = null;
  let before = prompt && time_of(prompt);
  const asked_model = (until, failed = false) => {
    if (before !== undefined)
      story.rows.push({ kind: "model", label: "Model", depth: 1, from: before, to: until, failed });
  };
  for (const event of events) {
    const at = time_of(event);
    if (CALLS.includes(event.event_type)) {
      if (!batch || batch.open === 0) {
        asked_model(at);
        batch = { open: 0, calls: [] };
        story.batches.push(batch);
      }
      call(story, batch, event, at);
    } else if (RESULTS.includes(event.event_type)) {
      const { tool, result = event.content, is_error } = Object(event.content); // only text when it was too long
      const group = batch?.calls.find(
        (one) => (tool ?? one.tool) === one.tool && one.results.length < one.arguments.length,
      );
      if (!group) continue;
      group.results.push(result);
      group.row.failed ||= is_error === true;
      group.row.to = before = at;
      --batch.open;
    }
  }
  if (end) finish(story, end, batch, asked_model);
  return story;
}

function call(story, batch, event, at) {
  const { tool = "…", arguments: given = event.content } = Object(event.content);
  const delegation = event.event_type === "delegation_request";
  const target = delegation ? tool.replace(/^delegate_to_/, "") : tool;
  let group = batch.calls.find((one) => one.tool === tool);
  if (!group) {
    const row = { kind: delegation ? "delegate" : "tool", label: target, depth: 2, from: at, to: null };
    group = { tool, target, delegation, arguments: [], results: [], row };
    batch.calls.push(group);
    story.rows.push(row);
  }
  group.arguments.push(given);
  if (group.arguments.length > 1) group.row.label = `${target} ×${group.arguments.length}`;
  ++batch.open;
}

function finish(story, end, batch, asked_model) {
  const at = time_of(end);
  const failed = end.event_type === "error";
  const code = end.metadata?.code ?? "";
  if (batch?.open) {
    for (const { row, arguments: given, results } of batch.calls) {
      if (results.length < given.length) Object.assign(row, { to: at, failed: true });
    }
  } else if (!failed || code.startsWith("model_") || code === "cancelled" || code === "run_timeout") {
    asked_model(at, failed);
  }
  if (!story.prompt) return;
  story.rows.unshift({ kind: "run", label: "Run", depth: 0, from: time_of(story.prompt), to: at, failed });
}

const KINDS = { run: "run", model: "model", tool: "tool call", delegate: "delegation" };

// `marks`: what sub-agents were heard to do, with the milliseconds since the question was sent.
export function draw(rows, marks = []) {
  const origin = Math.min(...rows.map((row) => row.from));
  const whole = Math.max(...rows.map((row) => row.to ?? row.from)) - origin || 1;
  const share = (time) => `${Math.min(100, Math.max(0, (time / whole) * 100)).toFixed(3)}%`;
  const line = (row) => {
    const bar = make("span", { className: `mark ${row.kind}${row.failed ? " failed" : ""}` });
    bar.style.insetInlineStart = share(row.from - origin);
    if (row.to !== null) bar.style.inlineSize = share(row.to - row.from);
    const length = row.to === null ? `at ${duration(row.from - origin)}` : duration(row.to - row.from);
    const words = `${KINDS[row.kind] ?? "asked for"}${row.failed ? ", failed" : ""}, ${duration(row.from - origin)} after the beginning`;
    const name = make(
      "span",
      { className: "label", title: row.label },
      row.label,
      make("span", { className: "unseen" }, `: ${words}, `),
    );
    name.style.setProperty("--depth", row.depth);
    return make(
      "li",
      {},
      name,
      make("span", { className: "track", ariaHidden: "true" }, bar),
      make("span", { className: "length" }, length),
    );
  };
  const all = [...rows];
  for (const { agent, label, at } of marks) {
    const below = all.findLastIndex((row) => (row.below ?? row.label).split(" ×")[0] === agent);
    all.splice(below < 0 ? all.length : below + 1, 0, {
      kind: "moment",
      label,
      below: agent,
      depth: 3,
      from: origin + at,
      to: null,
    });
  }
  return make("ol", { className: "bars" }, ...all.map(line));
}
