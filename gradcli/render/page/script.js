"use strict";
const one = (query, within = document) => within.querySelector(query);
const all = (query, within = document) => [...within.querySelectorAll(query)];
const line = (id) => document.getElementById(id);

// Arrays as maps of heat: an entry's colour is its sign, its strength its size.
const COLOURS = { more: [196, 88, 38], less: [42, 90, 156], none: [190, 0, 190] };
function heat(array) {
  const blocks = one("pre", array).textContent.split("\n\n")
    .map((block) => block.split("\n").map((row) => row.split("\t").map(Number)));
  const rows = blocks[0].length, columns = blocks[0][0].length;
  const canvas = document.createElement("canvas");
  canvas.width = blocks.length * (columns + 1) - 1;
  canvas.height = rows;
  const size = Math.max(1, Math.min(8, 84 / canvas.width, 30 / rows));
  canvas.style.width = `${Math.round(size * canvas.width)}px`;
  canvas.style.height = `${Math.max(5, Math.round(size * rows))}px`;
  const most = Math.max(...blocks.flat(2).map((x) => (Number.isFinite(x) ? Math.abs(x) : 0))) || 1;
  const context = canvas.getContext("2d");
  blocks.forEach((block, b) => block.forEach((row, y) => row.forEach((x, k) => {
    const known = Number.isFinite(x);
    const colour = known ? (x < 0 ? COLOURS.less : COLOURS.more) : COLOURS.none;
    context.fillStyle = `rgba(${colour}, ${known ? (Math.abs(x) / most) ** 0.75 : 1})`;
    context.fillRect(b * (columns + 1) + k, y, 1, 1);
  })));
  one("summary", array).prepend(canvas);
}
all("details.a").forEach(heat);
function copied(value) {
  const copy = value.cloneNode(true);
  all("canvas", copy).forEach((canvas) => canvas.remove());
  all("details.a", copy).forEach((array) => {
    array.open = false;
    heat(array);
  });
  return copy;
}
for (const item of all(".grad")) {
  const of = line(item.dataset.of);
  if (of) one(".v", item).replaceWith(copied(one(".v", of)));
}
document.addEventListener("click", (event) => {
  for (const array of all("details.a[open]")) if (!array.contains(event.target)) array.open = false;
});

// What belongs together: an equation and its steps, a derivative's contributions.
const steps = all(".step"), backward = line("backward");
const joins = document.createElementNS("http://www.w3.org/2000/svg", "svg");
joins.setAttribute("class", "joins");
joins.setAttribute("aria-hidden", "true");
backward.append(joins);
let marked = null;
function mark(item) {
  if (item === marked) return;
  marked = item;
  all(".on").forEach((each) => each.classList.remove("on"));
  joins.replaceChildren();
  if (!item) return;
  const { e, to } = item.dataset;
  if (e) all(`li[data-e="${e}"]`).forEach((each) => each.classList.add("on"));
  if (!to || !item.closest("#backward")) return;
  const same = all(`li[data-to="${to}"]`, backward).filter((each) => each.checkVisibility());
  const [top, left] = [backward.getBoundingClientRect(), 11];
  const heights = same.map((each) => {
    const box = each.getBoundingClientRect();
    each.classList.add("on");
    return box.top + box.height / 2 - top.top + backward.scrollTop;
  });
  heights.slice(1).forEach((y, k) => {
    const path = document.createElementNS(joins.namespaceURI, "path");
    path.setAttribute("d", `M${left + 6} ${heights[k]}C${left - 9} ${heights[k]} ${left - 9} ${y} ${left + 6} ${y}`);
    joins.append(path);
  });
}
const related = (event) => event.target.closest?.("li[data-e], li[data-to]") ?? null;
document.addEventListener("mouseover", (event) => mark(related(event)));
document.addEventListener("focusin", (event) => mark(related(event)));

// The walk: a position is how many steps are done.
const at = line("at"), now = line("now");
const drawings = all(".graph svg").map((svg) => {
  const groups = all("g", svg), nodes = new Map();
  groups.forEach((group, k) => group.dataset.n.split(" ").forEach((id) => nodes.set(id, k)));
  const edges = new Map();
  for (const each of all("[data-ends]", svg)) {
    const { ends } = each.dataset;
    edges.set(ends, [...(edges.get(ends) ?? []), each]);
  }
  return { svg, groups, nodes, edges };
});
const starts = all(".start");
const lasts = new Map(steps.map((step, k) => [step.dataset.to, k]));

function paint(drawing, position) {
  const { svg, groups, nodes, edges } = drawing;
  all(".done, .part, .here, .flow", svg).forEach((each) =>
    each.classList.remove("done", "part", "here", "flow"));
  groups.forEach((group) => { group.lastChild.textContent = ""; });
  const reach = (to, text, whole) => {
    const group = groups[nodes.get(to)];
    if (!group) return;
    group.classList.toggle("part", !whole);
    group.classList.toggle("done", whole);
    group.lastChild.textContent = text;
  };
  for (const start of starts) {
    reach(start.dataset.to, `∂ ${one(".a summary, span.a", start)?.textContent ?? ""}`,
      !lasts.has(start.dataset.to));
  }
  steps.slice(0, position).forEach((step, k) => {
    const { e, to, now: worth } = step.dataset;
    if (to) reach(to, `∂ ${worth}`, lasts.get(to) <= k);
    const along = edges.get(`${nodes.get(to)} ${nodes.get(e)}`) ?? [];
    along.forEach((each) => each.classList.add(k === position - 1 ? "flow" : "done"));
    if (k === position - 1) groups[nodes.get(e)]?.classList.add("here");
  });
  const step = steps[position - 1] ?? starts[0];
  const target = groups[nodes.get(step?.dataset.to)];
  if (target) centre(svg.parentElement, target);
}
function centre(pane, element) {
  const outer = pane.getBoundingClientRect(), inner = element.getBoundingClientRect();
  if (!inner.width) return;
  pane.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
  pane.scrollTop += inner.top + inner.height / 2 - outer.top - outer.height / 2;
}
function show(item) {
  for (let fold = item.closest("details"); fold; fold = fold.parentElement.closest("details")) {
    fold.open = true;
  }
  const pane = item.closest("section");
  if (pane.scrollHeight > pane.clientHeight) {
    const outer = pane.getBoundingClientRect(), inner = item.getBoundingClientRect();
    if (inner.top < outer.top || inner.bottom > outer.bottom) centre(pane, item);
  }
}
const made = (tag, text, name) => {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  if (name) element.className = name;
  return element;
};
function kind(id) {
  const item = line(id);
  if (id[0] === "i") return one(".n", item).textContent;
  if (id[0] === "e") return `equation ${id.slice(1)}`;
  if (id[0] === "s") return `step ${id.slice(1)}`;
  return id[0] === "t" ? "all its steps" : "given";
}
function tell(position) {
  const step = steps[position - 1];
  now.replaceChildren();
  if (!step) {
    now.append(made("p", "The backward pass starts from:"));
    starts.forEach((start) => now.append(formula(start)));
    return;
  }
  now.append(made("p", `Step ${step.id.slice(1)}, from equation ${step.dataset.e.slice(1)}:`));
  const from = line(step.dataset.e);
  if (from) now.append(formula(from, "from"));
  now.append(formula(step, "big"));
  const table = made("table"), head = made("tr");
  ["operand", "from", "shape and value"].forEach((text) => head.append(made("th", text)));
  table.append(head);
  const rows = step.dataset.uses.split(" ").map(line).filter(Boolean);
  for (const item of rows) table.append(row(item, one(".l", item), kind(item.id)));
  table.append(row(step, made("span", "its value"), "this step"));
  now.append(table);
  const whole = lasts.get(step.dataset.to) <= position - 1;
  const text = whole ? "whole now" : "so far; more is added later";
  if (step.dataset.to) now.append(made("p", `${step.dataset.t.split(" ")[0]}: ${step.dataset.now}, ${text}`));
}
function formula(item, name) {
  const found = made("div", "", name);
  for (const part of all(":scope > .l, :scope > .s, :scope > .f", item)) {
    found.append(...[...part.childNodes].map((each) => each.cloneNode(true)), " ");
  }
  return found;
}
function row(item, mathematics, from) {
  const found = made("tr");
  const cells = [made("td"), made("td", from), made("td")];
  cells[0].append(...[...mathematics.childNodes].map((each) => each.cloneNode(true)));
  cells[2].append(copied(one(".v", item)));
  found.append(...cells);
  return found;
}
function go(position, said = true) {
  position = Math.max(0, Math.min(steps.length, position));
  at.value = position;
  line("count").textContent = `${position} / ${steps.length}`;
  all("li.at").forEach((each) => each.classList.remove("at"));
  const step = steps[position - 1];
  const text = step ? `Step ${step.id.slice(1)}: ${step.dataset.t}` : "Before the first step";
  at.setAttribute("aria-valuetext", text);
  if (said) line("said").textContent = text;
  if (step) {
    const from = line(step.dataset.e);
    step.classList.add("at");
    from?.classList.add("at");
    if (said) [step, from].filter(Boolean).forEach(show);
  }
  tell(position);
  drawings.forEach((drawing) => paint(drawing, position));
}
function numbered(hash) {
  return steps.findIndex((step) => `#${step.id}` === hash) + 1;
}
at.max = steps.length;
at.addEventListener("input", () => go(Number(at.value)));
line("back").addEventListener("click", () => go(Number(at.value) - 1));
line("next").addEventListener("click", () => go(Number(at.value) + 1));
document.addEventListener("keydown", (event) => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!by || event.altKey || event.ctrlKey || event.metaKey || event.target === at) return;
  event.preventDefault();
  go(Number(at.value) + by);
});
document.addEventListener("click", (event) => {
  const link = event.target.closest?.('a[href^="#s"]');
  if (link && numbered(link.hash)) go(numbered(link.hash));
});
all(".drawing").forEach((each) => each.addEventListener("toggle", () => go(Number(at.value), false)));
window.addEventListener("beforeprint", () => all(".fold > details, .compact").forEach((each) => { each.open = true; }));

// What is wider than its place can be scrolled by keys as well.
const scrolled = all(".f, .w");
const watch = new ResizeObserver(() => scrolled.forEach((each) => {
  if (each.scrollWidth > each.clientWidth + 1) each.tabIndex = 0;
  else each.removeAttribute("tabindex");
}));
watch.observe(document.body);

one(".controls").hidden = now.hidden = false;
go(numbered(location.hash), false);
