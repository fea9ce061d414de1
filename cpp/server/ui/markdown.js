// The little of Markdown that answers are written in, as elements. Whatever is not understood stays the text it was.
import { make } from "./dom.js";

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w+#.-]*)/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const RULE = /^ {0,3}([-*_])( *\1){2,} *$/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*$/;
const ROW = /^\s*\|.*\|\s*$/;
const DIVIDER = /^\s*\|(\s*:?-+:?\s*\|)+\s*$/;
const INLINE =
  /(`+)(.+?)\1(?!`)|\*\*(?=\S)(.+?\S?)\*\*|(?<![\w*])\*(?=[^\s*])(.+?)\*(?![\w*])|(?<!\w)_(?=\S)(.+?)_(?!\w)|\[([^\]]+)\]\(([^()\s]+)\)|(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]])/;

// A longer line is no prose: looking for marks in it would take longer than it takes to read.
const LONGEST_LINE = 5000;

// Draws `text` into `place`. Called again with a longer text, it redraws only from the first block that has changed.
export function write(place, text) {
  const sources = blocks(text);
  const drawn = place.drawn ?? [];
  let same = 0;
  while (same < sources.length && sources[same] === drawn[same]) ++same;
  while (place.childNodes.length > same) place.lastChild.remove();
  for (const source of sources.slice(same)) place.append(block_or_text(source));
  place.drawn = sources;
}

// What is nested deeper than the browser's stack is shown as it was written.
function block_or_text(source) {
  try {
    return block(source);
  } catch {
    return make("p", { textContent: source });
  }
}

// The text cut where a block ends. Joined with newlines it is the whole text again, but for blank lines.
function blocks(text) {
  const found = [];
  let lines = [];
  let fence = "";
  const end = () => {
    if (lines.length) found.push(lines.join("\n"));
    lines = [];
  };
  for (const line of text.split("\n")) {
    const mark = FENCE.exec(line)?.[1] ?? "";
    if (fence) {
      lines.push(line);
      if (mark.startsWith(fence) && line.trim() === mark) {
        fence = "";
        end();
      }
      continue;
    }
    const kind = kind_of(line, mark);
    if (kind !== "text" && (kind !== "item" || lines.length === 0 || kind_of(lines[0], "") !== "item")) {
      if (kind !== "row" || lines.length === 0 || kind_of(lines[0], "") !== "row") end();
    } else if (kind === "text" && lines.length && kind_of(lines[0], "") === "row") {
      end();
    }
    if (kind === "blank") continue;
    lines.push(line);
    fence = mark;
    if (kind === "heading" || kind === "rule") end();
  }
  end();
  return found;
}

function kind_of(line, mark) {
  if (mark) return "fence";
  if (line.trim() === "") return "blank";
  if (RULE.test(line)) return "rule";
  if (HEADING.test(line)) return "heading";
  if (ITEM.test(line)) return "item";
  return ROW.test(line) ? "row" : "text";
}

function block(source) {
  const lines = source.split("\n");
  if (FENCE.test(lines[0])) return code(lines);
  if (RULE.test(source)) return make("hr");
  const heading = HEADING.exec(source);
  if (heading) return make(`h${Math.min(6, heading[1].length + 2)}`, {}, ...inline(heading[2]));
  if (ITEM.test(lines[0])) return list(lines);
  if (ROW.test(lines[0]) && DIVIDER.test(lines[1] ?? "")) return table(lines);
  if (lines.every((line) => line.startsWith(">"))) {
    const quote = make("blockquote");
    write(quote, lines.map((line) => line.replace(/^> ?/, "")).join("\n"));
    return quote;
  }
  return make("p", {}, ...broken(lines));
}

function code(lines) {
  const [, mark, language] = FENCE.exec(lines[0]);
  const closed = lines.length > 1 && lines.at(-1).trim().startsWith(mark);
  const text = lines.slice(1, closed ? -1 : undefined).join("\n");
  return make("pre", { tabIndex: 0, "data-language": language }, make("code", { textContent: text }));
}

function list(lines) {
  const indent = ITEM.exec(lines[0])[1].length;
  const marker = ITEM.exec(lines[0])[2];
  const result = make(marker.length > 1 ? "ol" : "ul");
  if (marker.length > 1) result.start = parseInt(marker, 10);
  let inner = [];
  let item = null;
  const end = () => {
    if (inner.length) item.append(...(ITEM.test(inner[0]) ? [list(inner)] : broken(inner, " ")));
    inner = [];
  };
  for (const line of lines) {
    const [, space, , text] = ITEM.exec(line) ?? [];
    if (space !== undefined && (space.length <= indent + 1 || item === null)) {
      if (item) end();
      item = make("li", {}, ...inline(text));
      result.append(item);
    } else {
      inner.push(line);
    }
  }
  end();
  return result;
}

function table(lines) {
  const cells = (line, tag) =>
    line
      .trim()
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => make(tag, {}, ...inline(cell.trim().replaceAll("\\|", "|"))));
  const head = make("thead", {}, make("tr", {}, ...cells(lines[0], "th")));
  const rows = lines.slice(2).map((line) => make("tr", {}, ...cells(line, "td")));
  return make("div", { className: "wide", tabIndex: 0 }, make("table", {}, head, make("tbody", {}, ...rows)));
}

function broken(lines, before) {
  const nodes = lines.flatMap((line) => [make("br"), ...inline(line.trim())]);
  return before === undefined ? nodes.slice(1) : nodes;
}

function inline(text) {
  if (text.length > LONGEST_LINE) return [text];
  const nodes = [];
  for (let rest = text; rest;) {
    const found = INLINE.exec(rest);
    if (!found) return [...nodes, rest];
    if (found.index) nodes.push(rest.slice(0, found.index));
    nodes.push(marked(found));
    rest = rest.slice(found.index + found[0].length);
  }
  return nodes;
}

function marked([whole, , verbatim, strong, star, line, label, target, plain]) {
  if (verbatim !== undefined) return make("code", { textContent: verbatim });
  if (strong !== undefined) return make("strong", {}, ...inline(strong));
  if (star !== undefined || line !== undefined) return make("em", {}, ...inline(star ?? line));
  return link(target ?? plain, label) ?? whole;
}

// Only where a click is harmless: nothing but an address of the web or of mail becomes a link.
function link(target, label) {
  if (!/^(https?:\/\/|mailto:)/i.test(target)) return null;
  return make(
    "a",
    { href: target, target: "_blank", rel: "noopener noreferrer nofollow" },
    ...(label ? inline(label) : [target]),
  );
}
