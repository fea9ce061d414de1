// What the page asks its visitor.
import { key } from "./api.js";
import { find, make } from "./dom.js";

// A modal dialog until one of its choices is made: what the choice stands for, or false when it was left.
function show(dialog, choose) {
  return new Promise((resolve) => {
    const end = (answer) => {
      resolve(answer);
      dialog.close();
      stop.abort();
    };
    const stop = new AbortController();
    const on = (id, what, react) => find(id).addEventListener(what, react, { signal: stop.signal });
    dialog.addEventListener("close", () => end(false), { signal: stop.signal });
    choose(on, end);
    dialog.showModal();
  });
}

export function ask_for_key(was_refused) {
  const input = find("key-input");
  const fault = find("key-fault");
  input.value = "";
  fault.textContent = was_refused ? "The agent did not take the key." : "";
  return show(find("key-dialog"), (on, end) => {
    on("key-cancel", "click", () => end(false));
    on("key-form", "submit", (event) => {
      event.preventDefault();
      const typed = input.value.trim();
      if (!/^[\x21-\x7e]+$/.test(typed)) {
        fault.textContent = "A key has letters, digits and signs only.";
        return;
      }
      key.set(typed);
      input.value = "";
      end(true);
    });
  });
}

// Stays open with the reason when `act` fails.
export function confirm_delete(name, act) {
  const yes = find("delete-yes");
  find("delete-name").textContent = name;
  find("delete-fault").textContent = "";
  return show(find("delete-dialog"), (on, end) => {
    on("delete-cancel", "click", () => end(false));
    on("delete-yes", "click", async () => {
      yes.disabled = true;
      await act().then(
        () => end(true),
        (refusal) => (find("delete-fault").textContent = refusal.message),
      );
      yes.disabled = false;
    });
  });
}

export function about(card) {
  find("about-title").textContent = card.name;
  const facts = make(
    "dl",
    {},
    ...[
      ["Version", card.version],
      ["Address", card.url],
    ]
      .filter(([, value]) => value)
      .flatMap(([name, value]) => [make("dt", {}, name), make("dd", { className: "mono" }, String(value))]),
  );
  const skills = card.skills.map((skill) =>
    make("li", {}, make("strong", {}, skill.name ?? skill.id), ` ${skill.description ?? ""}`),
  );
  find("about-text").replaceChildren(
    make("p", {}, card.description),
    facts,
    ...(skills.length ? [make("h3", {}, "Skills"), make("ul", {}, ...skills)] : []),
  );
  return show(find("about-dialog"), (on, end) => on("about-close", "click", () => end(true)));
}
