// Draws one payload of app/components/payload.py. All text goes in through textContent and attributes that are not code.

const drawn = new WeakMap();
const wrapped = { on: false };
const UNSEEN =
  /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{110bd}\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/gu;
const NAMES = { 13: "CR", 27: "ESC", 0: "NUL", 8: "BS", 12: "FF", 11: "VT", 0xad: "SHY", 0xfeff: "BOM" };
const ROWS_AT_ONCE = 3000;

function make(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  return element;
}

function isDark(root) {
  const sample = make("i");
  sample.style.color = "var(--st-background-color)";
  root.appendChild(sample);
  const [r, g, b] = (getComputedStyle(sample).color.match(/[\d.]+/g) ?? [255, 255, 255]).map(Number);
  sample.remove();
  return 0.3 * r + 0.59 * g + 0.11 * b < 128;
}

function shown(value) {
  const digits = Math.abs(value) >= 0.1 ? 2 : 3;
  return (value < 0 ? "−" : "+") + Math.abs(value).toFixed(digits);
}

function strength(value, scale) {
  const share = scale > 0 ? Math.min(1, Math.abs(value) / scale) : 0;
  return share < 0.015 ? 0 : 0.03 + 0.67 * share;
}

function heat(element, value, scale, unit, meaning) {
  if (value === null || value === undefined) return;
  const way = value > 0 ? meaning.positive : value < 0 ? meaning.negative : meaning.nothing;
  element.title = `${unit}: ${shown(value)} ${meaning.unit}, ${way}`;
  element.dataset.value = String(value);
  const alpha = strength(value, scale);
  if (!alpha) return;
  element.classList.add(value > 0 ? "hot" : "cold");
  element.style.setProperty("--heat", alpha.toFixed(3));
}

// Text with what cannot be seen, or what turns the direction of text, made visible as its own boxes.
function write(parent, text) {
  let from = 0;
  for (const match of text.matchAll(UNSEEN)) {
    if (match.index > from) parent.append(text.slice(from, match.index));
    const code = match[0].codePointAt(0);
    const box = make("span", "unseen", NAMES[code] ?? "U+" + code.toString(16).toUpperCase().padStart(4, "0"));
    box.title = "an invisible character";
    parent.append(box);
    from = match.index + match[0].length;
  }
  if (from < text.length) parent.append(from ? text.slice(from) : text);
}

// Words that are replaced (start, end, text in place) begin and end where segments do.
function segments(parent, text, flat, data, words = []) {
  let at = 0;
  for (let i = 0; i < flat.length; i += 3) {
    const [length, kind, value] = [flat[i], flat[i + 1], flat[i + 2]];
    const span = make("span", kind ? "s-" + data.classes[kind] : "");
    write(span, text.slice(at, at + length));
    if (value !== null) {
      span.classList.add("token");
      heat(span, value, data.scale, "this token", data.meaning);
    }
    const word = words.find(([start, end]) => at >= start && at < end);
    if (word) span.classList.add("cut");
    parent.append(span);
    at += length;
    if (word && at === word[1] && word[2]) {
      const put = make("span", "put");
      write(put, word[2]);
      parent.append(put);
    }
  }
  if (at < text.length) {
    const rest = make("span", flat.length ? "more" : "");
    write(rest, text.slice(at));
    parent.append(rest);
  }
}

function code(part, n, data, state) {
  const cell = make("span", "code");
  const cut = part.unread[n];
  const text = part.texts[n];
  segments(cell, text, part.segments[n], data, state.words.get(n));
  if (part.ends.includes(n)) cell.append(make("span", "tag", "no newline at the end"));
  if (cut > 0) cell.append(make("span", "tag", "never read from here: " + JSON.stringify(text.slice(cut, cut + 24))));
  return cell;
}

function number(value) {
  const cell = make("span", "no");
  if (value !== null) cell.dataset.n = String(value);
  return cell;
}

const KINDS = { "+": "add", "-": "del", " ": "ctx", "@": "hunk", m: "msg" };

function row(part, n, data, state) {
  const sign = part.signs[n];
  const element = make("div", "row " + KINDS[sign]);
  const bar = make("span", "bar");
  if (data.painted) heat(bar, part.bars[n], data.bars, data.level === "token" || data.level === "line" ? "this line" : "this " + data.level, data.meaning);
  const sides = make("span", "sides");
  sides.append(bar, ...numbers(sign, state));
  element.append(sides, make("span", "sign", sign === "+" || sign === "-" ? sign : ""));
  const cell = sign === "@" ? hunkCell(part, n, data, state) : code(part, n, data, state);
  heat(cell, part.values[n], data.scale, "this " + (sign === "@" ? "hunk" : "line"), data.meaning);
  element.append(cell);
  decorate(element, part, n, state);
  if (data.strip) editableRow(element, part, n, state, data);
  return element;
}

function numbers(sign, state) {
  if (sign === "m") return [];
  if (sign === "@") return [number(null), number(null)];
  const pair = [number(sign === "+" ? null : state.old), number(sign === "-" ? null : state.new)];
  state.old += sign !== "+";
  state.new += sign !== "-";
  return pair;
}

function hunkCell(part, n, data, state) {
  const [oldStart, newStart, range] = part.hunks[state.hunk++];
  state.old = oldStart;
  state.new = newStart;
  const cell = make("span", "code");
  cell.append(make("span", "range", range), " ");
  segments(cell, part.texts[n], part.segments[n], data);
  return cell;
}

// Runs of rows that were never read bear one label, at their first row.
function decorate(element, part, n, state) {
  if (state.marks.has(n)) {
    element.classList.add("taken");
    element.append(make("span", "tag back", part.signs[n] === "+" ? "taken out" : "kept as it was"));
  }
  const unread = part.unread[n] === 0 && part.signs[n] !== "@";
  if (unread) element.classList.add("unread");
  if (unread && !(n > 0 && part.unread[n - 1] === 0 && part.signs[n - 1] !== "@")) {
    let end = n + 1;
    while (end < part.unread.length && part.unread[end] === 0 && part.signs[end] !== "@") end++;
    element.append(make("span", "tag", end - n > 1 ? `never read, ${end - n} lines` : "never read"));
  }
}

function body(part, data, at) {
  const outer = make("div", "body");
  const inner = make("div", "rows");
  const state = { old: 0, new: 0, hunk: 0, at, marks: new Set(part.marks), words: new Map(part.words) };
  for (let n = 0; n < part.texts.length; n++) inner.append(row(part, n, data, state));
  outer.append(inner);
  return outer;
}

function header(file, data) {
  const head = make("button", "head");
  head.type = "button";
  head.append(make("span", "arrow"));
  const path = make("span", "path");
  segments(path, file.path || "(no name)", file.pathSegments, data);
  if (file.from) path.append(make("span", "quiet", " from "), file.from);
  head.append(path);
  if (file.status !== "modified") head.append(make("span", "badge", file.status));
  if (file.binary) head.append(make("span", "badge", "binary"));
  if (file.dropped) head.append(make("span", "badge back", "left out of the change"));
  if (file.value !== null && data.level !== "token") {
    const value = make("span", "value", shown(file.value));
    heat(value, file.value, data.scale, data.level === "file" ? "this file" : "this path", data.meaning);
    head.append(value);
  }
  const count = make("span", "count");
  count.append(make("b", "plus", "+" + file.added), " ", make("b", "minus", "−" + file.removed));
  head.append(count);
  return head;
}

// A file is drawn when it is opened first, so that long changes appear at once.
function fileBox(file, data, budget, at) {
  const box = make("section", "file");
  const head = header(file, data);
  box.append(data.strip ? editableHead(head, file, at) : head);
  const open = (on) => {
    if (on && !box.querySelector(".body")) box.append(body(file, data, at));
    box.classList.toggle("closed", !on);
    head.setAttribute("aria-expanded", String(on));
    more?.remove();
  };
  const long = file.texts.length > data.folded || budget.rows < file.texts.length;
  const more = long ? make("button", "unfold", `Show ${file.texts.length.toLocaleString("en")} lines`) : null;
  if (!file.texts.length) box.append(make("p", "empty", file.binary ? "Binary content: no lines to show, and none that the model reads." : "No changed lines."));
  box.open = open;
  head.onclick = () => open(box.classList.contains("closed"));
  if (more) {
    more.onclick = () => open(true);
    box.classList.add("closed");
    head.setAttribute("aria-expanded", "false");
    box.append(more);
  } else {
    budget.rows -= file.texts.length;
    open(true);
  }
  return box;
}

function messageBox(message, data) {
  const box = make("section", "file message");
  const head = make("div", "head");
  head.append(make("span", "path plain", "Commit message"));
  if (message.value !== null) {
    const value = make("span", "value", shown(message.value));
    heat(value, message.value, data.scale, "the message", data.meaning);
    head.append(value);
  }
  box.append(head, body(message, data, -1));
  return box;
}

function metricsBox(metrics, data) {
  const box = make("section", "metrics");
  box.append(make("span", "quiet", "Size of the change"));
  const text = make("span", "size", metrics.text);
  heat(text, metrics.value, data.scale, "the size of the change", data.meaning);
  box.append(text);
  if (metrics.value !== null) box.append(make("span", "value", shown(metrics.value)));
  return box;
}

function legend(data) {
  const box = make("div", "legend");
  const scale = make("span", "scale");
  for (let step = -5; step <= 5; step++) {
    const cell = make("i", "cell");
    heat(cell, (step / 5) * data.scale, data.scale, "this shade", data.meaning);
    scale.append(cell);
  }
  const end = data.scale ? shown(data.scale) : "0";
  box.append(make("span", "", `${data.meaning.less} ${data.scale ? shown(-data.scale) : "0"}`), scale, make("span", "", `${end} ${data.meaning.more}`));
  box.append(make("span", "quiet", `${data.meaning.unit} per ${data.level}`));
  return box;
}

function tool(label, title, action) {
  const button = make("button", "tool", label);
  button.type = "button";
  button.title = title;
  button.onclick = action;
  return button;
}

function step(root, way) {
  const hunks = [...root.querySelectorAll(".row.hunk")];
  const middle = window.innerHeight / 3;
  const ahead = hunks.filter((hunk) => way * (hunk.getBoundingClientRect().top - middle) > 4);
  const next = way > 0 ? ahead[0] : ahead[ahead.length - 1];
  if (!next) return;
  next.scrollIntoView({ block: "start", behavior: "auto" });
  next.classList.add("here");
  setTimeout(() => next.classList.remove("here"), 900);
}

function toolbar(root, data) {
  const bar = make("div", "toolbar");
  if (data.painted) bar.append(legend(data));
  if (data.unread) bar.append(make("span", "swatch unread", "never read"));
  if (data.marked) bar.append(make("span", "swatch taken", "taken back or replaced"));
  bar.append(make("span", "space"));
  bar.append(tool("‹", "previous hunk (p)", () => step(root, -1)), tool("›", "next hunk (n)", () => step(root, 1)));
  const wrap = tool("Wrap", "wrap long lines", () => {
    wrapped.on = !wrapped.on;
    root.classList.toggle("wrap", wrapped.on);
    wrap.setAttribute("aria-pressed", String(wrapped.on));
  });
  wrap.setAttribute("aria-pressed", String(wrapped.on));
  root.classList.toggle("wrap", wrapped.on);
  bar.append(wrap);
  return bar;
}

function draw(root, data) {
  root.replaceChildren(toolbar(root, data));
  if (data.metrics) root.append(metricsBox(data.metrics, data));
  if (data.message) root.append(messageBox(data.message, data));
  const budget = { rows: ROWS_AT_ONCE };
  data.files.forEach((file, at) => root.append(fileBox(file, data, budget, at)));
  if (data.cut) root.append(make("p", "empty", `${data.cut.toLocaleString("en")} more lines are not shown; the report and the command line have all of them.`));
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".diff");
  if (!root || !data) return;
  root.classList.toggle("dark", isDark(root));
  if (drawn.get(root) === data.version) return;
  drawn.set(root, data.version);
  if (data.strip) edit(root, data, (step) => setTriggerValue("step", step));
  else draw(root, data);
  root.onkeydown = (event) => {
    if (data.strip && editingKey(root, event)) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "n" || event.key === "p") step(root, event.key === "n" ? 1 : -1);
  };
}
