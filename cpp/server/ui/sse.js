// The messages of an event stream, as they come: `{ event, data }`.
export async function* messages(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let message = { event: "message", data: [] };
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const text = line.endsWith("\r") ? line.slice(0, -1) : line;
      if (text === "") {
        if (message.data.length) yield { event: message.event, data: message.data.join("\n") };
        message = { event: "message", data: [] };
      } else if (text.startsWith("data:")) {
        message.data.push(text.slice(5).trimStart());
      } else if (text.startsWith("event:")) {
        message.event = text.slice(6).trim();
      }
    }
  }
}
