// The score against the threshold. The text comes from app/components/verdict.py and goes in through textContent.

function make(tag, name, text) {
  const element = document.createElement(tag);
  element.className = name;
  if (text !== undefined) element.textContent = text;
  return element;
}

function share(element, property, value) {
  element.style.setProperty(property, (100 * Math.min(1, Math.max(0, value))).toFixed(2) + "%");
}

function scoreBar(data) {
  const bar = make("div", "track");
  bar.setAttribute("role", "img");
  bar.setAttribute("aria-label", data.spoken);
  const fill = make("div", "fill");
  share(fill, "width", data.score);
  const tick = make("div", "tick");
  share(tick, "left", data.threshold);
  const label = make("div", "threshold", data.thresholdLabel);
  share(label, "left", data.threshold);
  bar.append(fill, tick, label);
  return bar;
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".verdict");
  if (!root || !data) return;
  root.classList.toggle("flagged", data.flagged);
  const first = make("div", "first");
  first.append(make("span", "word", data.word), make("span", "percent", data.percent));
  const facts = make("dl", "facts");
  for (const [name, value] of data.facts) {
    const fact = make("div", "fact");
    fact.append(make("dt", "", name), make("dd", "", value));
    facts.append(fact);
  }
  root.replaceChildren(first, scoreBar(data), make("p", "sentence", data.sentence), facts);
  for (const note of data.notes) root.append(make("p", "note", note));
}
