"use strict";

let runs = [];            // summaries
const chosen = new Map(); // id: {run, state, color, points}
const chart = new Chart($("chart").firstElementChild);

// poll asks for news for as long as the page is open.
async function poll() {
  try {
    showRuns(await get("runs.json"));
    await follow();
  } catch (error) {
    $("count").textContent = "no answer from the program";
  }
  setTimeout(poll, document.hidden ? 8000 : 2000);
}

function showRuns(news) {
  const there = new Map([...$("runs").children].map(c => [c.dataset.id, c]));
  runs = news;
  arrange($("runs"), runs.map(r => describe(there.get(r.id) || card(r), r)));
  $("none").hidden = runs.length > 0;
  $("count").textContent = runs.length === 0 ? "" : `${runs.length} in this folder; choose some to compare`;
}

function card(r) {
  const picture = element("a", element("span", "no sample yet"));
  picture.href = `runs/${r.id}/`;
  picture.tabIndex = -1; // the name leads there too
  const name = element("a", r.path === "." ? "this folder" : r.path);
  name.href = picture.href;
  const box = element("input");
  box.type = "checkbox";
  box.onchange = () => choose(r.id, box.checked);
  const status = element("span");
  status.className = "status";
  const facts = element("span");
  facts.className = "faint";
  const c = element("div", picture, element("div", element("strong", name), status, facts, element("label", box, "compare")));
  c.className = "card";
  c.dataset.id = r.id;
  return c;
}

function describe(c, r) {
  const [picture, text] = c.children, [, status, facts] = text.children;
  if (r.sample > 0 && picture.dataset.step !== String(r.sample)) {
    const image = element("img");
    image.loading = "lazy";
    image.alt = `Sample of ${r.path} after step ${r.sample}`;
    image.src = `runs/${r.id}/samples/${r.sample}.png`;
    picture.replaceChildren(image);
    picture.dataset.step = r.sample;
  }
  status.dataset.is = ["training", "finished", "stopped"].includes(r.status) ? r.status : "failed";
  const done = r.total > 0 && r.status === "training" ? `, ${Math.floor(100 * r.steps / r.total)} %` : "";
  status.textContent = r.status + done;
  const losses = r.losses && Object.values(r.losses).filter(Number.isFinite);
  const total = r.losses && Number.isFinite(r.losses.total) ? r.losses.total : losses && losses.reduce((a, b) => a + b, 0);
  facts.textContent = [`${thousands(r.steps)} steps`, total > 0 && `loss ${formatValue(total)}`, r.style].filter(Boolean).join(" · ");
  return c;
}

async function choose(id, yes) {
  if (!yes) chosen.delete(id);
  else {
    const used = new Set([...chosen.values()].map(c => c.color));
    let color = 0;
    while (used.has(`--curve-${color}`) && color < 8) color++;
    chosen.set(id, { color: `--curve-${color}`, run: null, state: null, points: [] });
  }
  await follow();
}

// follow brings the chosen runs up to date and shows them.
async function follow() {
  await Promise.all([...chosen].map(async ([id, c]) => {
    if (c.state && c.state.ended) return;
    if (c.run === null) c.run = await get(`runs/${id}/run.json`);
    const known = c.state ? `?version=${c.state.version}&after=${c.points.length ? c.points.at(-1)[0] : -1}` : "";
    const news = await get(`runs/${id}/state.json${known}`);
    if (news.id !== c.run.id) {
      Object.assign(c, { run: null, state: null, points: [] });
      return;
    }
    if (!c.state || c.state.version !== news.version) c.points = [];
    c.points.push(...news.points);
    c.state = news;
  }));
  showComparison();
}

const nameOf = id => (runs.find(r => r.id === id) || { path: id }).path;
const ready = () => [...chosen].filter(([, c]) => c.run && c.state);

function showComparison() {
  const all = ready();
  $("comparison").hidden = $("samples").hidden = all.length === 0;
  if (all.length === 0) return;
  const terms = ["total", ...new Set(all.flatMap(([, c]) => c.run.series))];
  if (terms.join() !== [...$("term").options].map(o => o.value).join()) {
    const old = $("term").value;
    $("term").replaceChildren(...terms.map(t => element("option", t)));
    $("term").value = terms.includes(old) ? old : "total";
  }
  showCurves();
  showSamples();
}

function showCurves() {
  const term = $("term").value;
  chart.smoothing = Number($("smoothing").value);
  chart.set(ready().map(([id, c]) => {
    const n = c.run.terms, at = c.run.series.indexOf(term) + 1;
    const of = term === "total" ? p => p.slice(1, n + 1).reduce((a, b) => a + b, 0) : p => at ? p[at] : null;
    return { name: nameOf(id), color: c.color, shown: true, steps: c.points.map(p => p[0]), values: c.points.map(of) };
  }));
  $("legend").replaceChildren(...ready().map(([id, c]) => {
    const s = element("span", element("i"), nameOf(id));
    s.style.setProperty("--color", `var(${c.color})`);
    return s;
  }));
}

// showSamples shows each run's sample that is nearest to the chosen step: beside each
// other, or the last chosen over the first with a line to move.
function showSamples() {
  const all = ready().filter(([, c]) => c.state.samples.length > 0);
  $("samples").hidden = all.length === 0;
  if (all.length === 0) return;
  const last = Math.max(...all.map(([, c]) => c.state.samples.at(-1)));
  const step = Math.round(last * Number($("at").value) / 100);
  $("step").textContent = `step ${thousands(step)}`;
  $("over").disabled = all.length < 2;
  const over = $("over").checked && all.length > 1;
  const shown = over ? [all[0], all.at(-1)] : all;
  const wanted = shown.map(([id, c]) => ({ id, step: c.state.samples[nearest(c.state.samples, step)] }));
  const key = JSON.stringify([over, wanted]);
  if ($("side").dataset.key === key) return;
  $("side").dataset.key = key;
  const figures = wanted.map(({ id, step }) => {
    const image = element("img"), caption = `${nameOf(id)}, step ${thousands(step)}`;
    image.src = `runs/${id}/samples/${step}.png`;
    image.alt = caption;
    return { image, caption };
  });
  if (over) {
    const stage = element("div");
    new Split(stage, figures[0].image, figures[1].image);
    $("side").replaceChildren(element("figure", stage, element("figcaption", `left ${figures[0].caption}; right ${figures[1].caption}`)));
    return;
  }
  $("side").replaceChildren(...figures.map(f => element("figure", f.image, element("figcaption", f.caption))));
}

$("term").onchange = showCurves;
$("smoothing").oninput = showCurves;
$("at").oninput = showSamples;
$("over").onchange = showSamples;
poll();
