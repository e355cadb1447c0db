"use strict";

const abouts = {
  train: "Learns a style. Begun with a trained network (a warm start), it needs about a quarter of the steps.",
  sweep: "Trains shortly with several strengths and stroke sizes, to choose by eye.",
  onnx: "Writes a model for a game engine, checked before the file appears.",
  page: "Writes a model as one HTML file that styles pictures and the webcam on graphics cards.",
};
let kind = "train";

function recipe() {
  const number = id => Number($(id).value) || 0;
  const all = {
    kind, name: $("name").value.trim(), style: $("style").value, dataset: $("dataset").value, vgg: $("vgg").value,
    init: $("init").value, strokes: number("strokes"), strength: number("strength"), still: number("still"),
    steps: number("steps"), model: $("model").value, profile: $("profile").value,
    width: number("frame-width"), height: number("frame-height"),
  };
  return all;
}

// preview shows what would be started; the answers to earlier questions are not shown.
let asked = 0;
async function preview() {
  const mine = ++asked;
  let order = null, problem = "";
  try {
    order = await (await post("/jobs/preview", recipe())).json();
  } catch (error) {
    problem = error.message;
  }
  if (mine !== asked) return;
  $("start").disabled = order === null;
  $("message").textContent = problem;
  $("message").className = "error";
  for (const e of document.querySelectorAll("[data-flag]")) e.remove();
  if (order === null) {
    $("command").textContent = "";
    return;
  }
  $("command").textContent = order.command;
  for (const f of order.flags) {
    const knob = { size: "frame-width" }[f.knob] || f.knob, at = $(knob);
    if (!at || f.flag === "height") continue;
    const shown = element("small", `sets -${f.flag} ${f.value}`);
    shown.dataset.flag = f.flag;
    at.closest("label").append(shown);
  }
}

function choose(k) {
  kind = k;
  for (const b of document.querySelectorAll(".tabs button")) b.setAttribute("aria-pressed", String(b.dataset.kind === k));
  for (const l of document.querySelectorAll("[data-for]")) l.hidden = !l.dataset.for.split(" ").includes(k);
  $("about").textContent = abouts[k];
  name();
  preview();
}

// name proposes one, until the user has written one.
let own = false;
function name() {
  if (own) return;
  const from = kind === "train" || kind === "sweep" ? baseName($("style").value) || "drawn" : baseName($("model").value) === "final" ?
    $("model").value.split("/").at(-2) || "final" : baseName($("model").value) || "style";
  const now = new Date(), two = n => String(n).padStart(2, "0");
  const clean = from.replace(/[^\p{L}\p{N} _-]/gu, "-").slice(0, 40);
  $("name").value = `${kind === "sweep" ? "sweep-" : ""}${clean}-${two(now.getMonth() + 1)}${two(now.getDate())}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
}

$("recipe").onsubmit = async event => {
  event.preventDefault();
  $("start").disabled = true;
  try {
    await post("/jobs", { ...recipe(), goesOn: $("goes-on").checked });
    own = false;
    name();
    await showJobs();
  } catch (error) {
    $("message").textContent = error.message;
    return;
  }
  preview();
};
for (const b of document.querySelectorAll(".tabs button")) b.onclick = () => choose(b.dataset.kind);
for (const e of document.querySelectorAll(".knobs input, .knobs select")) e.oninput = () => {
  if (e.id === "name") own = e.value !== "";
  else name();
  preview();
};

// showJobs brings the list up to date. Cards that are there stay, so that a log that
// is open stays open.
async function showJobs() {
  const list = await get("/jobs.json");
  const there = new Map([...$("jobs").children].map(c => [c.dataset.id, c]));
  arrange($("jobs"), list.map(j => describe(there.get(j.id) || card(j), j)));
  $("none").hidden = list.length > 0;
  return list.some(j => ["waiting", "running", "stopping"].includes(j.state));
}

function card(j) {
  const title = element("strong", j.name), state = element("span"), bar = element("progress"), facts = element("span");
  state.className = "status";
  facts.className = "faint";
  const links = element("span"), stop = button(() => stopJob(j), "Stop");
  links.className = "row";
  stop.className = "danger";
  const log = element("pre"), command = element("pre"), more = element("details", element("summary", "what it says"), command, log);
  const head = element("div", title, state, facts, links, stop);
  head.className = "bar";
  const c = element("article", head, bar, more);
  c.dataset.id = j.id;
  Object.assign(c, { parts: { state, bar, facts, links, stop, log, command, more } });
  return c;
}

function describe(c, j) {
  const p = c.parts, live = j.state === "running" || j.state === "stopping";
  p.state.textContent = j.state;
  p.state.dataset.is = live ? "training" : j.state;
  p.bar.hidden = !live || !j.total;
  p.bar.max = j.total || 1;
  p.bar.value = j.step;
  const took = j.started ? (j.ended ? new Date(j.ended) : new Date()) - new Date(j.started) : 0;
  p.facts.textContent = [j.total > 0 && j.step > 0 && `step ${thousands(j.step)} of ${thousands(j.total)}`, took > 0 && duration(took / 1000), j.goesOn && "goes on by itself"].filter(Boolean).join(" · ");
  p.stop.hidden = !["waiting", "running"].includes(j.state);
  const links = [j.run && ["the run", `/runs/${j.run}/`], j.sheet && ["the sheet", `/pictures/${encodeURI(j.sheet)}`]].filter(Boolean);
  if (p.links.childElementCount !== links.length) p.links.replaceChildren(...links.map(([text, href]) => Object.assign(element("a", text), { href })));
  if (p.log.textContent !== j.log) p.log.textContent = j.log;
  p.command.textContent = `${j.command}\n`;
  if (j.state === "failed" && !c.dataset.failed) {
    c.dataset.failed = "yes";
    p.more.open = true;
  }
  return c;
}

async function stopJob(j) {
  $("which").textContent = j.name;
  $("loss").textContent = j.program === "train" ? "What it has learned is kept, and train -resume goes on from there." : "What is complete is kept; the rest is not made.";
  if (!await ask($("sure"))) return;
  try {
    await post(`/jobs/${j.id}/stop`);
    await showJobs();
  } catch (error) {
    $("message").textContent = error.message;
  }
}

async function poll() {
  let busy = false;
  try {
    busy = await showJobs();
  } catch { /* the program has ended, or comes again */ }
  setTimeout(poll, busy && !document.hidden ? 1000 : 4000);
}

async function start() {
  fill($("style"), await library("picture"), [["", "a drawn one"]]);
  fill($("dataset"), await library("pictures"), [["", "drawn pictures"]]);
  fill($("vgg"), await library("vgg"), [["", "as usual"], ["compact", "the compact one"], ["random", "random filters"]]);
  await fillModels($("init"), [["base", "the network that comes with impasto"], ["", "nothing"]]);
  await fillModels($("model"));
  choose("train");
  poll();
}
start().catch(error => { $("message").textContent = error.message; });
