"use strict";

const $ = id => document.getElementById(id);
const token = document.querySelector("meta[name=token]").content;

let run = null;      // what does not change: /run.json
let state = null;    // the latest news: /state.json
let points = [];     // [step, terms..., parts...]
let curves = [];     // what the chart shows of them
let samples = [];    // steps
let chosen = null;   // the step of the sample to show; null for the newest

// A curve has a place in every point, or is the sum of the terms.
const chart = new Chart($("chart").firstElementChild, showLegend);

async function start() {
  run = await get("run.json");
  const n = run.terms;
  const names = [...run.series.slice(0, n), "total", ...run.series.slice(n)];
  curves = names.map((name, i) => ({
    name, color: `--curve-${i % 9}`, shown: true, thin: i > n, values: [],
    of: i === n ? p => total(p.slice(1, n + 1)) : p => p[i < n ? i + 1 : i],
  }));
  for (const name of run.series.slice(0, n)) {
    $("total").parentNode.before(element("div", element("dt", `${name} loss`), element("dd", "–")));
  }
  for (const c of curves) {
    const button = element("button", element("i"), c.name, element("b"));
    button.type = "button";
    button.style.setProperty("--color", `var(${c.color})`);
    button.setAttribute("aria-pressed", "true");
    button.onclick = () => {
      c.shown = !c.shown;
      button.setAttribute("aria-pressed", String(c.shown));
      chart.draw();
    };
    $("legend").append(button);
  }
  for (const s of run.settings) {
    $("settings").append(element("div", element("dt", s.name), element("dd", s.value)));
  }
  for (const [id, there, source] of [["test", run.test, "test.png"], ["art", run.style, "style.png"]]) {
    $(id).hidden = !there;
    if (there) $(id).querySelector("img").src = source;
  }
}

// poll asks for news for as long as the page is open: a new run at the same address
// reloads it.
async function poll() {
  try {
    if (run === null) await start();
    const known = state ? `?version=${state.version}&after=${points.length ? points.at(-1)[0] : -1}` : "";
    show(await get("state.json" + known));
  } catch (error) {
    if (!state || !state.ended) showStatus("lost", "no answer from the program");
    $("stop").hidden = true;
  }
  setTimeout(poll, document.hidden || state && state.ended ? 4000 : 1000);
}

async function get(path) {
  const response = await fetch(path, { signal: AbortSignal.timeout(20000) });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

function show(news) {
  if (news.id !== run.id) {
    location.reload();
    return;
  }
  const old = state;
  state = news;
  if (!old || old.version !== news.version) points = [];
  points.push(...news.points);
  showFacts();
  if (!old || old.version !== news.version || news.points.length > 0) {
    for (const c of curves) c.values = points.map(c.of);
    chart.set(points.map(p => p[0]), curves);
  }
  showLegend(chart.hover);
  if (String(news.samples) !== String(samples)) showStrip(news.samples);
  else if (old && String(news.notes) !== String(old.notes)) showSample();
  showStatus(news.ended && !["finished", "stopped"].includes(news.status) ? "failed" : news.status, news.status);
  $("stop").hidden = news.ended;
  $("stop").disabled = news.status === "stopping";
}

function showStatus(kind, text) {
  $("status").dataset.is = kind;
  $("status").textContent = text;
}

function showFacts() {
  const s = state, values = s.values || [];
  const thousands = n => n.toLocaleString("en");
  $("bar").max = run.steps || 1;
  $("bar").value = s.step;
  $("step").replaceChildren(thousands(s.step), element("small", ` of ${thousands(run.steps)}`));
  $("epoch").textContent = thousands(s.epoch + 1);
  $("images").textContent = thousands(s.images);
  $("speed").textContent = s.speed > 0 ? s.speed.toPrecision(3) : "–";
  $("left").textContent = s.ended || s.left === null ? "–" : duration(s.left);
  let fact = $("total").parentNode;
  $("total").textContent = formatValue(total(values.slice(0, run.terms)));
  for (let i = run.terms - 1; i >= 0; i--) {
    fact = fact.previousElementSibling;
    fact.lastChild.textContent = formatValue(values[i]);
  }
  const done = run.steps ? Math.floor(100 * s.step / run.steps) : 0;
  document.title = `${done} % · ${document.querySelector("h1").textContent}`;
}

function total(terms) { return terms.length > 0 && terms.every(Number.isFinite) ? terms.reduce((a, b) => a + b) : null; }

function duration(seconds) {
  const s = Math.round(seconds), m = Math.floor(s / 60), h = Math.floor(m / 60);
  if (h > 0) return `${h} h ${m % 60} min`;
  return m > 0 ? `${m} min ${s % 60} s` : `${s} s`;
}

// showLegend shows the values of a point, or the newest ones.
function showLegend(i) {
  if (!state) return;
  const p = i === null || i === undefined ? [state.step, ...(state.values || [])] : points[i];
  curves.forEach((c, k) => { $("legend").children[k].lastChild.textContent = formatValue(c.of(p)); });
}

function showStrip(steps) {
  const strip = $("strip");
  const atEnd = strip.scrollLeft + strip.clientWidth >= strip.scrollWidth - 8;
  const there = new Map([...strip.children].map(b => [Number(b.dataset.step), b]));
  // Thumbnails that are there stay, so that they are not loaded again.
  strip.replaceChildren(...steps.map(step => there.get(step) || thumbnail(step)));
  samples = steps;
  if (chosen !== null && !steps.includes(chosen)) chosen = null;
  showSample();
  if (atEnd) strip.scrollLeft = strip.scrollWidth;
}

function thumbnail(step) {
  const image = element("img");
  image.loading = "lazy";
  image.alt = `Sample after step ${step}`;
  image.src = `samples/${step}.png`;
  const button = element("button", image, step.toLocaleString("en"));
  button.type = "button";
  button.dataset.step = step;
  button.onclick = () => choose(step);
  return button;
}

// choose shows the sample of a step; choosing the newest follows the run again.
function choose(step) {
  chosen = step === samples.at(-1) ? null : step;
  showSample();
  $("strip").querySelector("[aria-pressed=true]").scrollIntoView({ block: "nearest", inline: "nearest" });
}

function showSample() {
  const figure = $("sample"), newest = samples.at(-1), step = chosen ?? newest;
  const [image, empty, caption] = figure.children;
  image.hidden = step === undefined;
  empty.hidden = !image.hidden;
  if (step === undefined) {
    caption.textContent = "sample";
    return;
  }
  image.src = `samples/${step}.png`;
  const note = state.notes[state.samples.indexOf(step)];
  caption.textContent = `${step === newest ? "newest sample, " : ""}step ${step.toLocaleString("en")}${note ? ` · ${note}` : ""}`;
  for (const b of $("strip").children) b.setAttribute("aria-pressed", String(Number(b.dataset.step) === step));
}

document.addEventListener("keydown", event => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!by || samples.length === 0) return;
  const i = samples.indexOf(chosen ?? samples.at(-1)) + by;
  if (i >= 0 && i < samples.length) choose(samples[i]);
});

// The button stops the run when it is pressed twice.
let calm = 0;
$("stop").onclick = async () => {
  const button = $("stop");
  clearTimeout(calm);
  if (!button.classList.contains("sure")) {
    button.classList.add("sure");
    button.textContent = "Really stop?";
    calm = setTimeout(settle, 4000);
    return;
  }
  settle();
  button.disabled = true;
  const response = await fetch("stop", { method: "POST", headers: { "X-Token": token } }).catch(() => null);
  if (response && response.ok) {
    showStatus("stopping", "stopping");
  } else {
    button.disabled = false;
    showStatus("failed", "could not stop; reload the page and try again");
  }
};

function settle() {
  $("stop").classList.remove("sure");
  $("stop").textContent = "Stop";
}

function element(tag, ...children) {
  const e = document.createElement(tag);
  e.append(...children);
  return e;
}

poll();
