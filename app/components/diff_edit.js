// The parts of diff_view.js that let a diff be edited. Every step goes to Python, which sends the whole picture anew.

const CLICK_PAUSE = 230; // milliseconds in which a second click means: reword, not take back
const PATIENCE = 20000; // milliseconds after which an answer is no longer waited for
const desks = new WeakMap(); // by diff: who sends steps, those that wait for an answer to the one before, and since when

function address(element) {
  const { file, hunk, line } = element.dataset;
  return { file: Number(file), hunk: Number(hunk), line: Number(line) };
}

function place(element, file, hunk, line) {
  Object.assign(element.dataset, { file, hunk, line });
  element.tabIndex = -1;
}

function editableRow(element, part, n, state, data) {
  const sign = part.signs[n];
  if (sign === "@") {
    state.top = n;
    place(element, state.at, state.hunk - 1, -1);
    element.append(backButton("hunk", hunkIsBack(part, n, state)));
    return;
  }
  const changed = sign === "+" || sign === "-";
  const words = part.rewordable.includes(n);
  if (!changed && !words) return;
  place(element, state.at, sign === "m" ? -1 : state.hunk - 1, sign === "m" ? n : n - state.top - 1);
  if (!state.first) element.tabIndex = 0;
  state.first = true;
  element.classList.add("can");
  if (changed) {
    element.setAttribute("role", "checkbox");
    element.setAttribute("aria-checked", String(state.marks.has(n)));
  } else element.setAttribute("role", "button");
  element.title = [changed && "click: take back or restore", words && "double-click: reword"].filter(Boolean).join("; ");
  if (!words) return;
  element.whole = part.texts[n];
  element.words = state.words.get(n) ?? [];
  if (state.marks.has(n)) return;
  const pen = tool("reword", "reword this line (e)", () => {});
  pen.classList.add("pen");
  pen.tabIndex = -1;
  element.append(pen);
}

function hunkIsBack(part, n, state) {
  for (let m = n + 1; m < part.signs.length && part.signs[m] !== "@"; m++) {
    if (part.signs[m] !== " " && !state.marks.has(m)) return false;
  }
  return true;
}

function backButton(noun, back) {
  const button = tool(back ? `restore ${noun}` : `take ${noun} back`, "", () => {});
  button.classList.add("whole");
  return button;
}

function editableHead(head, file, at) {
  const box = make("div", "headline");
  place(box, at, -1, -1);
  box.removeAttribute("tabindex");
  box.append(head, backButton("file", file.back));
  return box;
}

// What the line says now: its own words with those in place of some of them.
function current(row) {
  let text = row.whole;
  for (const [start, end, put] of [...row.words].reverse()) text = text.slice(0, start) + put + text.slice(end);
  return text;
}

function selection(root) {
  return root.getRootNode().getSelection?.() ?? document.getSelection();
}

// Where in the current text of a row the selected words are; nothing where they are not in one row.
function selected(root, row) {
  const chosen = selection(root);
  const text = chosen?.toString() ?? "";
  const cell = row.querySelector(".code");
  if (!text.trim() || text.includes("\n") || !cell.contains(chosen.anchorNode) || !cell.contains(chosen.focusNode)) return null;
  const range = chosen.getRangeAt(0);
  let at = 0;
  const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
  while (walker.nextNode() && walker.currentNode !== range.startContainer) {
    if (!walker.currentNode.parentElement.closest(".cut, .tag")) at += walker.currentNode.length;
  }
  at += range.startOffset;
  return current(row).slice(at, at + text.length) === text ? [at, at + text.length] : null;
}

function reword(root, row, span) {
  root.querySelector(".row.editing")?.finish();
  const cell = row.querySelector(".code");
  const kept = [...cell.childNodes];
  const whole = current(row);
  const end = whole.endsWith("\r") ? "\r" : "";
  const field = make("input", "field");
  field.value = whole.slice(0, whole.length - end.length);
  field.spellcheck = false;
  field.setAttribute("aria-label", "New text of the line");
  field.style.width = Math.max(180, row.closest(".body").clientWidth - cell.offsetLeft - 175) + "px";
  row.finish = () => {
    row.classList.remove("editing");
    cell.replaceChildren(...kept);
    row.focus({ preventScroll: true });
  };
  const apply = () => {
    const text = field.value + end;
    row.finish();
    if (text !== whole) send(root, { do: "replace", ...address(row), text });
  };
  field.onkeydown = (event) => {
    event.stopPropagation();
    if (event.key === "Enter") apply();
    if (event.key === "Escape") row.finish();
  };
  row.classList.add("editing");
  cell.replaceChildren(field, tool("Apply", "put this in place (Enter)", apply), tool("Cancel", "leave the line as it is (Escape)", row.finish));
  field.focus();
  if (span) field.setSelectionRange(...span);
}

// One step at a time: of two that arrive together Python would see the last only.
function send(root, step) {
  desks.get(root).steps.push(step);
  next(root);
}

function next(root) {
  const desk = desks.get(root);
  if (!desk.steps.length || Date.now() - desk.since < PATIENCE) return;
  desk.since = Date.now();
  root.querySelector(".strip")?.classList.add("waiting");
  desk.sender(desk.steps.shift());
}

function toggle(root, row) {
  if (row.hasAttribute("aria-checked")) send(root, { do: "toggle", ...address(row) });
}

// A first click counts once no second one can follow, or one elsewhere does.
function settle(root) {
  const { pause, row } = desks.get(root).click ?? {};
  desks.get(root).click = null;
  clearTimeout(pause);
  if (row) toggle(root, row);
}

function forget(root) {
  clearTimeout(desks.get(root).click?.pause);
  desks.get(root).click = null;
}

function clicked(root, event) {
  const part = event.target.closest("button.whole");
  if (part) return send(root, { do: "toggle", ...address(part.parentElement) });
  const row = event.target.closest(".row.can");
  if (!row || row.classList.contains("editing")) return;
  if (event.detail > 1) forget(root);
  else settle(root);
  if (event.target.closest(".pen")) return reword(root, row, null);
  const span = row.whole === undefined ? null : selected(root, row);
  if (span || (event.detail > 1 && row.whole !== undefined)) return reword(root, row, span);
  if (event.detail > 1 || selection(root)?.toString()) return;
  if (row.whole === undefined) toggle(root, row);
  else desks.get(root).click = { row, pause: setTimeout(() => settle(root), CLICK_PAUSE) };
}

// Whether a key was one of the editor's.
function editingKey(root, event) {
  if ((event.ctrlKey || event.metaKey) && "zy".includes(event.key.toLowerCase())) {
    event.preventDefault();
    const forth = event.shiftKey || event.key.toLowerCase() === "y";
    if (root.querySelector(forth ? ".redo" : ".undo")?.disabled === false) send(root, { do: forth ? "redo" : "undo" });
    return true;
  }
  const row = event.target.classList.contains("can") ? event.target : null;
  if (!row || event.ctrlKey || event.metaKey || event.altKey) return false;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const rows = [...root.querySelectorAll(".file:not(.closed) .row.can")];
    rows[rows.indexOf(row) + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
  } else if (event.key === "Enter" || event.key === " ") {
    if (row.hasAttribute("aria-checked")) toggle(root, row);
    else reword(root, row, null);
  } else if (event.key === "e" && row.whole !== undefined) reword(root, row, null);
  else return false;
  event.preventDefault();
  event.stopPropagation();
  return true;
}

// Draws anew without losing what is open, where the reader is and what has the focus.
function keepPlace(root, drawing) {
  const focus = root.getRootNode().activeElement;
  const button = [".undo", ".redo"].find((name) => focus?.matches(name));
  const unit = focus?.closest("[data-file]");
  const at = unit && address(unit);
  const boxes = [...root.querySelectorAll(".file:not(.message)")].map((box) => [box.classList.contains("closed"), box.querySelector(".body")?.scrollLeft ?? 0]);
  drawing();
  [...root.querySelectorAll(".file:not(.message)")].forEach((box, n) => {
    if (boxes[n] && boxes[n][0] !== box.classList.contains("closed")) box.open(!boxes[n][0]);
    if (boxes[n]?.[1]) box.querySelector(".body").scrollLeft = boxes[n][1];
  });
  if (button) root.querySelector(button).focus({ preventScroll: true });
  if (!at) return;
  const found = root.querySelector(`[data-file="${at.file}"][data-hunk="${at.hunk}"][data-line="${at.line}"]`);
  (found?.querySelector("button.whole") ?? found)?.focus({ preventScroll: true });
}

function mark(name, share) {
  const element = make("i", name);
  element.style.left = (100 * Math.min(1, Math.max(0, share))).toFixed(2) + "%";
  return element;
}

function stepButton(root, name, on) {
  const button = tool(name, `${name} (${name === "Undo" ? "Ctrl+Z" : "Ctrl+Shift+Z"})`, () => send(root, { do: name.toLowerCase() }));
  button.classList.add(name.toLowerCase());
  button.disabled = !on;
  return button;
}

// The score, in sight as long as any of the diff is.
function strip(root, data) {
  const bar = make("div", "strip" + (data.flagged ? " flagged" : ""));
  const gauge = make("span", "gauge");
  gauge.append(mark("limit", data.threshold), mark("was", data.before), mark("now", data.now));
  const buttons = make("span", "steps");
  buttons.append(stepButton(root, "Undo", data.undo), stepButton(root, "Redo", data.redo));
  bar.append(gauge, make("span", "said", data.words), buttons);
  if (data.problem) bar.append(make("p", "problem", data.problem));
  return bar;
}

// For screen readers: they speak of an element that stays and says something else, not of one that is drawn anew.
function speak(root, data) {
  let spoken = root.parentNode.querySelector(".spoken");
  if (!spoken) {
    spoken = make("p", "spoken");
    spoken.setAttribute("role", "status");
    root.after(spoken);
  }
  spoken.textContent = data.problem || data.words;
}

function edit(root, data, sender) {
  desks.set(root, { steps: [], click: null, ...desks.get(root), sender, since: 0 });
  keepPlace(root, () => {
    draw(root, data);
    root.append(strip(root, data.strip));
  });
  speak(root, data.strip);
  next(root);
  root.onclick = (event) => clicked(root, event);
}
