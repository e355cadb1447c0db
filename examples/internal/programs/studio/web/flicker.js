"use strict";

let doing = null;   // what ends the measurement that is under way
let film = null;    // {images, width, height, names, canvases}
let at = 0;         // the frame that is shown
let running = true;

const source = new Source($("picture"), $("file"), () => {});
const say = (text, failed = false) => {
  $("message").textContent = text;
  $("message").classList.toggle("error", failed);
};

async function measure() {
  if (!$("model").value) return say("There is no model in this folder: train one, or open the folder that holds yours.", true);
  if (doing) doing.abort();
  const mine = doing = new AbortController();
  const form = new FormData();
  for (const id of ["model", "with", "rows"]) form.append(id, $(id).value);
  source.into(form);
  $("bar").hidden = $("cancel").hidden = false;
  $("measure").disabled = true;
  try {
    const result = await followTask("flicker", form, (note, part) => {
      say(note);
      $("bar").value = part;
    }, mine.signal);
    say("loading the frames");
    await load(result);
    figures(result);
    say("");
  } catch (error) {
    if (error.name !== "AbortError") say(error.message, true);
    else say("canceled");
  } finally {
    $("bar").hidden = $("cancel").hidden = true;
    $("measure").disabled = false;
    doing = null;
  }
}

// load fetches all frames: each is one picture of originals and styles beside each
// other, with what has changed below, so that all play in step.
async function load(result) {
  const images = await Promise.all(Array.from({ length: result.frames }, async (_, i) => {
    const response = await fetch(`/tasks/${result.id}/${i}.jpg`);
    if (!response.ok) throw new Error(await complaint(response));
    return createImageBitmap(await response.blob());
  }));
  const names = ["original", ...result.styles.map(s => s.model)];
  const canvases = names.map(name => [name, `changes in ${name}, 4 times as strong`].map(label => {
    const c = element("canvas");
    Object.assign(c, { width: result.width, height: result.height });
    c.setAttribute("role", "img");
    c.setAttribute("aria-label", label);
    return c;
  }));
  $("films").replaceChildren(...names.map((name, i) => element("figure", ...canvases[i], element("figcaption", name))));
  $("films").className = "films";
  film = { images, names, canvases, width: result.width, height: result.height };
  $("frame").max = images.length - 1;
  $("play").hidden = false;
  at = 0;
  draw();
}

function draw() {
  if (!film) return;
  const { images, canvases, width: w, height: h } = film;
  canvases.forEach((pair, i) => pair.forEach((c, row) => {
    c.hidden = row === 1 && !$("differences").checked;
    c.getContext("2d").drawImage(images[at], i * w, row * h, w, h, 0, 0, w, h);
  }));
  $("frame").value = at;
}

function step(by) {
  if (!film) return;
  at = (at + by + film.images.length) % film.images.length;
  draw();
}

function tick() {
  if (running && film && !document.hidden) step(1);
  setTimeout(tick, 1000 / Number($("speed").value));
}

function setRunning(yes) {
  running = yes;
  $("run").textContent = yes ? "Pause" : "Play";
  $("run").setAttribute("aria-pressed", String(yes));
}

// figures shows the numbers of nn/flicker.
function figures(result) {
  const first = result.styles[0], rows = first.pictures ? [
    ["answer to noise of 1 level", s => s.pictures.noise_gain_1, null, "x"],
    ["answer to noise of 4 levels", s => s.pictures.noise_gain_4, null, "x"],
    ["change when shifted by 1 to 3 pixels", s => mean(s.pictures.shift.slice(0, 3)), null, "levels"],
    ["warping error of camera moves", s => mean(Object.values(s.pictures.warp)), s => mean(Object.values(s.pictures.warp_input)), "levels"],
    ["detail", s => s.pictures.detail, s => s.pictures.detail_input, "levels"],
  ] : [
    ["change from frame to frame", s => s.clip.change, s => s.clip.change_input, "levels"],
    ["warping error along the motion", s => s.clip.warp, s => s.clip.warp_input, "levels"],
    ["share whose motion is known", s => s.clip.known, null, ""],
  ];
  const cell = v => element("td", v === null || v === undefined ? "–" : v.toLocaleString("en", { maximumSignificantDigits: 3 }));
  $("table").replaceChildren(
    element("tr", element("th", ""), ...result.styles.map(s => element("th", s.model)), element("th", "the input")),
    ...rows.map(([name, of, input, unit]) => element("tr", element("th", unit ? `${name}, ${unit}` : name),
      ...result.styles.map(s => cell(of(s))), cell(input && input(first)))));
  $("figures").hidden = false;
}

const mean = values => values.reduce((a, b) => a + b, 0) / values.length;

$("controls").onsubmit = event => {
  event.preventDefault();
  measure();
};
$("cancel").onclick = () => doing && doing.abort();
$("run").onclick = () => setRunning(!running);
$("next").onclick = () => { setRunning(false); step(1); };
$("back").onclick = () => { setRunning(false); step(-1); };
$("frame").oninput = () => { setRunning(false); at = Number($("frame").value); draw(); };
$("differences").onchange = draw;
addEventListener("pagehide", () => doing && doing.abort());
if (matchMedia("(prefers-reduced-motion: reduce)").matches) setRunning(false);

async function start() {
  try {
    const models = await fillModels($("model"));
    await fillModels($("with"), [["", "nothing"]]);
    fill($("picture"), await library("picture", "clip"), [["", "a drawn scene"]]);
    if (models.length === 0) say("There is no model in this folder: train one, or open the folder that holds yours.", true);
  } catch (error) {
    say(error.message, true);
  }
}
start();
tick();
