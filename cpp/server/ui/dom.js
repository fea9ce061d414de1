// Elements are made here and nowhere from markup: what a model or a tool says can only ever become text.

export const find = (id) => document.getElementById(id);

export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined) continue;
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// Tells those who listen rather than look: whole sentences, never single words of an answer that is being written.
export function announce(text) {
  const spoken = find("spoken");
  spoken.append(make("p", { textContent: text }));
  while (spoken.children.length > 4) spoken.firstChild.remove();
}

const number = new Intl.NumberFormat("en");
export const count = (amount, one, many = `${one}s`) => `${number.format(amount)} ${amount === 1 ? one : many}`;

export function duration(milliseconds) {
  if (milliseconds < 1) return `${Math.round(milliseconds * 1000)} µs`;
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 2 : 1)} s`;
  return `${Math.floor(milliseconds / 60_000)} min ${Math.round((milliseconds % 60_000) / 1000)} s`;
}
