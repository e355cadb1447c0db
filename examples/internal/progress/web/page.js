"use strict";

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
    name, color: `--curve-${i % 9}`, shown: true, thin: i > n, steps: [], values: [],
    of: i === n ? p => total(p.slice(1, n + 1)) : p => p[i < n ? i + 1 : i],
  }));
  for (const name of run.series.slice(0, n)) {
    $("total").parentNode.before(element("div", element("dt", `${name} loss`), element("dd", "–")));
  }
  for (const c of curves) {
    const b = button(() => {
      c.shown = !c.shown;
      b.setAttribute("aria-pressed", String(c.shown));
      chart.draw();
    }, element("i"), c.name, element("b"));
    b.style.setProperty("--color", `var(${c.color})`);
    b.setAttribute("aria-pressed", "true");
    $("legend").append(b);
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
    const steps = points.map(p => p[0]);
    for (const c of curves) Object.assign(c, { steps, values: points.map(c.of) });
    chart.set(curves);
  }
  showLegend(chart.hover);
  if (String(news.samples) !== String(samples)) showStrip(news.samples);
  else if (old && String(news.notes) !== String(old.notes)) showSample();
  showStatus(news.ended && !["finished", "stopped"].includes(news.status) ? "failed" : news.status, news.status);
  $("stop").hidden = news.ended || !run.stop;
  $("stop").disabled = news.status === "stopping";
}

function showStatus(kind, text) {
  $("status").dataset.is = kind;
  $("status").textContent = text;
}

function showFacts() {
  const s = state, values = s.values || [];
  $("bar").hidden = !run.steps;
  $("bar").max = run.steps || 1;
  $("bar").value = s.step;
  $("step").replaceChildren(thousands(s.step), element("small", run.steps ? ` of ${thousands(run.steps)}` : ""));
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
  document.title = `${run.steps ? `${done} % · ` : ""}${document.querySelector("h1").textContent}`;
}

function total(terms) { return terms.length > 0 && terms.every(Number.isFinite) ? terms.reduce((a, b) => a + b) : null; }

// showLegend shows the values at a step, or the newest ones.
function showLegend(step) {
  if (!state) return;
  const p = step === null || points.length === 0 ? [state.step, ...(state.values || [])] : points[nearest(curves[0].steps, step)];
  curves.forEach((c, k) => { $("legend").children[k].lastChild.textContent = formatValue(c.of(p)); });
}

function showStrip(steps) {
  const strip = $("strip");
  const atEnd = strip.scrollLeft + strip.clientWidth >= strip.scrollWidth - 8;
  const there = new Map([...strip.children].map(b => [Number(b.dataset.step), b]));
  arrange(strip, steps.map(step => there.get(step) || thumbnail(step)));
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
  const b = button(() => choose(step), image, thousands(step));
  b.dataset.step = step;
  return b;
}

// choose shows the sample of a step; choosing the newest follows the run again.
function choose(step) {
  chosen = step === samples.at(-1) ? null : step;
  showSample();
  $("strip").querySelector("[aria-pressed=true]").scrollIntoView({ block: "nearest", inline: "nearest" });
}

function showSample() {
  const figure = $("sample"), newest = samples.at(-1), step = chosen ?? newest;
  const [open, empty, caption] = figure.children;
  open.hidden = step === undefined;
  empty.hidden = !open.hidden;
  if (step === undefined) {
    if (state && state.ended) empty.textContent = "There are no samples.";
    caption.textContent = "sample";
    return;
  }
  open.firstElementChild.src = whole.src = `samples/${step}.png`;
  const note = state.notes[state.samples.indexOf(step)];
  $("which").textContent = caption.textContent = `${step === newest ? "newest sample, " : ""}step ${thousands(step)}${note ? ` · ${note}` : ""}`;
  $("older").disabled = step === samples[0];
  $("newer").disabled = step === newest;
  for (const b of $("strip").children) b.setAttribute("aria-pressed", String(Number(b.dataset.step) === step));
}

function walk(by) {
  const i = samples.indexOf(chosen ?? samples.at(-1)) + by;
  if (i >= 0 && i < samples.length) choose(samples[i]);
}

document.addEventListener("keydown", event => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (by && samples.length > 0 && !event.target.matches?.("input, canvas, select")) walk(by);
});

$("stop").onclick = async () => {
  if (!await ask($("sure"))) return;
  $("stop").disabled = true;
  try {
    await post("stop");
    showStatus("stopping", "stopping");
  } catch (error) {
    $("stop").disabled = false;
    showStatus("failed", `could not stop: ${error.message}`);
  }
};

$("smoothing").oninput = () => {
  chart.smoothing = Number($("smoothing").value);
  chart.draw();
};

// The viewer shows a sample at its full size over the test picture.
const [whole, original] = [element("img"), element("img")];
whole.alt = "The sample";
original.alt = "The test picture";
let viewer = null;
$("sample").querySelector("button").onclick = () => {
  if (viewer === null) viewer = run.test ? new Split($("whole"), original, whole) : $("whole").append(whole);
  if (run.test) original.src = "test.png";
  showSample();
  $("viewer").showModal();
};
$("newer").onclick = () => walk(1);
$("older").onclick = () => walk(-1);

poll();
