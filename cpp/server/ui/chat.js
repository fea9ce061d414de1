// One question to the agent, and its answer as it comes.
import { call, opened_by, refusal_of, Refusal } from "./api.js";
import { messages } from "./sse.js";

const BROKEN = "The connection broke off before the answer was complete.";

// `hear` is told of { opened: {session, run} }, { text }, { thought }, { progress } and { usage }. Returns when the
// answer is complete; throws a Refusal, or an AbortError once `signal` has stopped it, which cancels the run.
export async function ask(question, session, signal, hear) {
  const body = {
    messages: [{ role: "user", content: question }],
    stream: true,
    stream_options: { include_usage: true },
    ...(session ? { session_id: session } : {}),
  };
  const answer = await call("v1/chat/completions", {
    method: "POST",
    signal,
    body: JSON.stringify(body),
    headers: {
      "Content-Type": "application/json",
      "X-PAIS-Progress": "event",
      "X-PAIS-On-Disconnect": "cancel",
    },
  });
  const request = answer.headers.get("X-Request-ID") ?? "";
  hear({ opened: opened_by(answer) });
  try {
    for await (const message of messages(answer.body)) {
      if (message.data === "[DONE]") return;
      told(message, request, hear);
    }
  } catch (failure) {
    if (failure instanceof Refusal || failure.name === "AbortError") throw failure;
  }
  throw new Refusal(BROKEN, { code: "broken_off", request });
}

function told({ event, data }, request, hear) {
  const said = JSON.parse(data);
  if (event === "progress") return hear({ progress: said });
  if (said.error) throw refusal_of(said.error, { request });
  const delta = said.choices?.[0]?.delta;
  if (delta?.reasoning_content) hear({ thought: delta.reasoning_content });
  if (delta?.content) hear({ text: delta.content });
  if (said.usage) hear({ usage: said.usage });
}
