// Asking the host. Addresses are relative to the page, which may be served from below any path.

const KEY = "pais.key";

// Why the host, or the way to it, gave no answer: in the host's own words where it said any. `opened` is the run that
// came to this, if there was one.
export class Refusal extends Error {
  constructor(message, { status = 0, code = "", wait = 0, request = "", opened = null } = {}) {
    super(message);
    Object.assign(this, { status, code, wait, request, opened });
  }
}

export const key = {
  get: () => sessionStorage.getItem(KEY) ?? "",
  set: (value) => (value ? sessionStorage.setItem(KEY, value) : sessionStorage.removeItem(KEY)),
};

// Asks the visitor for a key, and tells whether there is one now. Set by whoever has the dialog.
let ask_for_key = async () => false;
let asking = null;
export function on_key_needed(ask) {
  ask_for_key = ask;
}

export function refusal_of(error, facts = {}) {
  return new Refusal(error?.message ?? "The agent gave an answer that is not understood.", {
    code: error?.code ?? "",
    ...facts,
  });
}

async function refused(answer) {
  const body = await answer.json().catch(() => ({}));
  return refusal_of(body.error ?? { message: `The agent answered with status ${answer.status}.` }, {
    status: answer.status,
    wait: Number(answer.headers.get("Retry-After")) || 0,
    request: answer.headers.get("X-Request-ID") ?? "",
    opened: opened_by(answer),
  });
}

export function opened_by(answer) {
  const run = answer.headers.get("X-Run-ID");
  return run ? { run, session: answer.headers.get("X-Session-ID") } : null;
}

// A `quiet` call fails without a key rather than to ask for one.
export async function call(path, { quiet = false, ...options } = {}) {
  const used = key.get();
  const headers = new Headers(options.headers);
  if (used) headers.set("X-API-Key", used);
  let answer;
  try {
    answer = await fetch(path, { cache: "no-store", ...options, headers });
  } catch (failure) {
    if (failure.name === "AbortError") throw failure;
    throw new Refusal("The agent cannot be reached.", { code: "unreachable" });
  }
  if (answer.ok) return answer;
  const refusal = await refused(answer);
  if (answer.status !== 401 || quiet) throw refusal;
  if (key.get() === used) {
    asking ??= ask_for_key(used !== "").finally(() => (asking = null));
    if (!(await asking)) throw refusal;
  }
  options.signal?.throwIfAborted();
  return call(path, options);
}

export const read = async (path, options) => (await call(path, options)).json();

export async function events_of(session, options) {
  const query = new URLSearchParams({ session_id: session, limit: "1000" });
  return (await read(`memory/events?${query}`, options)).events;
}

export const session_path = (id) => `memory/sessions/${encodeURIComponent(id)}`;
