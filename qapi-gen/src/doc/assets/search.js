// Search over the entries of search-index.js, and addresses that follow what they name.
"use strict";
(() => {
  const index = window.qapiIndex;
  const form = document.querySelector("form.search");
  if (!index || !form) return;
  const input = form.querySelector("input");
  const list = form.querySelector("[role=listbox]");
  const LIMIT = 50;
  const address = (entry, part) =>
    index.pages[entry[2]] + ".html#" + encodeURIComponent(part === undefined ? entry[1] : entry[1] + "." + part);

  // index.html#NAME leads to NAME wherever it is described.
  const follow = () => {
    let name = location.hash.slice(1);
    try { name = decodeURIComponent(name); } catch { return; }
    if (!name || document.getElementById(name)) return;
    const whole = index.entries.find((entry) => entry[1] === name);
    if (whole) return location.replace(address(whole));
    const owner = index.entries.find((entry) => entry[5].some((part) => entry[1] + "." + part === name));
    if (owner) location.replace(address(owner, name.slice(owner[1].length + 1)));
  };
  addEventListener("hashchange", follow);
  follow();

  const plain = (text) => text.toLowerCase().replace(/_/g, "-");
  const targets = [];
  for (const entry of index.entries) {
    targets.push({ entry, kind: entry[0], name: plain(entry[1]), about: plain(entry[3]) });
    for (const part of entry[5]) {
      targets.push({ entry, part, kind: "member", name: plain(part), about: plain(entry[1]) });
    }
  }
  const groups = { command: ["command"], event: ["event"], member: ["member"], enum: ["enum"], struct: ["struct"],
    union: ["union"], alternate: ["alternate"], type: ["enum", "struct", "union", "alternate", "built-in"] };

  const order = ["command", "event"];
  // How well a name fits one word: the lower the better; -1 when not at all.
  const fit = (name, raw, word) => {
    const at = name.indexOf(word);
    if (at < 0) return -1;
    if (name.length === word.length) return 0;
    if (at === 0) return 10;
    const begins = /[-.]/.test(name[at - 1]) || /[a-z][A-Z]/.test(raw.slice(at - 1, at + 1));
    return begins ? 20 : 30;
  };
  const score = (target, words) => {
    const { entry, part, name } = target;
    let sum = 0;
    for (const word of words) {
      let own = fit(name, part ?? entry[1], word);
      if (part !== undefined) {
        // Parts come behind entities that are called alike.
        if (own >= 0) own += own === 0 ? 25 : 28;
        else if (word.includes(".") && (target.about + "." + name).includes(word)) own = 20;
        else if (words.length > 1 && target.about.includes(word)) own = 25;
      } else if (own < 0 && word.length > 2 && target.about.includes(word)) {
        own = 80;
      }
      if (own < 0) return -1;
      sum += own;
    }
    const rank = order.indexOf(entry[0]);
    return sum + (rank < 0 ? order.length : rank) + (entry[4] ? 4 : 0);
  };
  const find = (query) => {
    let words = plain(query).trim().split(/\s+/).filter((word) => word);
    let kinds = null;
    words = words.flatMap((word) => {
      const colon = word.indexOf(":");
      const group = colon > 0 && groups[word.slice(0, colon)];
      if (!group) return [word.replace(/^@/, "")];
      kinds = group;
      return word.slice(colon + 1) ? [word.slice(colon + 1)] : [];
    }).filter((word) => word);
    if (!words.length && !kinds) return [];
    const found = [];
    for (const target of targets) {
      if (kinds && !kinds.includes(target.kind)) continue;
      const value = score(target, words);
      if (value >= 0) found.push([value, target]);
    }
    found.sort((a, b) => a[0] - b[0] || a[1].name.length - b[1].name.length || (a[1].name < b[1].name ? -1 : 1));
    return found.map((pair) => pair[1]);
  };

  const element = (tag, kind, text) => {
    const made = document.createElement(tag);
    if (kind) made.className = kind;
    if (text) made.textContent = text;
    return made;
  };
  let chosen = -1;
  const choose = (at) => {
    const options = list.querySelectorAll("[role=option]");
    if (!options.length) return;
    if (chosen >= 0) options[chosen].removeAttribute("aria-selected");
    chosen = (at + options.length) % options.length;
    options[chosen].setAttribute("aria-selected", "true");
    options[chosen].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", options[chosen].id);
  };
  const close = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const show = () => {
    list.replaceChildren();
    chosen = -1;
    if (!input.value.trim()) return close();
    const found = find(input.value);
    found.slice(0, LIMIT).forEach((target, at) => {
      const option = element("a");
      option.id = "~result-" + at;
      option.href = address(target.entry, target.part);
      option.tabIndex = -1;
      option.setAttribute("role", "option");
      option.append(element("span", "kind " + target.kind, target.kind));
      const name = element("span", target.entry[4] ? "name gone" : "name");
      if (target.part !== undefined) name.append(element("span", "owner", target.entry[1] + "."));
      name.append(target.part ?? target.entry[1]);
      const where = target.part === undefined ? target.entry[3] : "";
      option.append(name, element("span", "about", where), element("span", "page", index.pages[target.entry[2]]));
      list.append(option);
    });
    const rest = found.length - LIMIT;
    const status = !found.length ? "Nothing found." : rest > 0 ? rest + " more; type on to narrow it down." : "";
    if (status) list.append(element("p", "status", status));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    if (found.length) choose(0);
  };

  form.hidden = false;
  input.addEventListener("input", show);
  input.addEventListener("focus", () => { if (input.value) show(); });
  list.addEventListener("click", close);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const option = list.querySelector("[aria-selected]");
    if (!list.hidden && option) { option.click(); input.blur(); }
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else if (event.key === "Escape") { close(); input.blur(); }
    else return;
    event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)
      && document.activeElement.type !== "checkbox";
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    input.focus();
    input.select();
  });
  document.addEventListener("click", (event) => { if (!form.contains(event.target)) close(); });

  const asked = new URLSearchParams(location.search).get("q");
  if (asked) { input.value = asked; input.focus(); show(); }
})();
