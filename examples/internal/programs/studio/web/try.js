"use strict";

const before = element("canvas"), after = element("canvas");
const view = new Split($("stage"), before, after);
const mask = element("canvas");   // white where the style is applied
let doing = null;                 // what ends the request that is under way
let live = null;                  // the webcam
let result = null;                // {address, name}

const source = new Source($("picture"), $("file"), changed);
const say = (text, failed = false) => {
  $("message").textContent = text;
  $("message").classList.toggle("error", failed);
};

// changed shows another picture and styles it.
async function changed() {
  stopWebcam();
  if (!source.there) return;
  if (!source.clip) {
    const address = source.address(), image = new Image();
    image.src = address;
    try {
      await image.decode();
      draw(image, image.naturalWidth, image.naturalHeight);
    } catch {
      return say(`${source.name} is no picture that this browser can show`, true);
    } finally {
      if (source.file) URL.revokeObjectURL(address);
    }
    clearMask();
  }
  $("masked").disabled = source.clip;
  await style();
}

// draw shows a picture before it is styled.
function draw(image, w, h) {
  const rows = Number($("rows").value), scale = rows && h > rows ? rows / h : Math.min(1, 2160 / h);
  before.width = Math.max(1, Math.round(w * scale));
  before.height = Math.max(1, Math.round(h * scale));
  before.getContext("2d").drawImage(image, 0, 0, before.width, before.height);
  show("picture");
}

function show(what) {
  $("stage").hidden = what !== "picture";
  $("clips").hidden = what !== "clip";
  $("drop").hidden = what !== "";
}

function settings() {
  const form = new FormData();
  form.append("model", $("model").value);
  form.append("strength", $("strength").value);
  form.append("rows", $("rows").value);
  if ($("keep").checked) form.append("keep-color", "on");
  return form;
}

// style asks the program for the picture in the style; what it was asked before ends.
async function style() {
  if (!source.there || live) return;
  if (!$("model").value) return say("There is no model in this folder: train one, or open the folder that holds yours.", true);
  if (doing) doing.abort();
  const mine = doing = new AbortController();
  const form = settings();
  source.into(form);
  say("styling…");
  $("cancel").hidden = false;
  $("download").disabled = true;
  try {
    if (source.clip) await styleClip(form, mine.signal);
    else await stylePicture(form, mine.signal);
    say("");
  } catch (error) {
    if (error.name === "AbortError") { if (doing === mine) say("canceled"); }
    else say(error.message, true);
  } finally {
    if (doing === mine) {
      doing = null;
      $("cancel").hidden = $("bar").hidden = true;
    }
  }
}

async function stylePicture(form, signal) {
  if ($("masked").checked) form.append("mask", await blobOf(mask), "mask.png");
  const response = await post("/style", form, signal);
  const blob = await response.blob();
  if (signal.aborted) return;
  await showStyled(blob);
  facts(response);
  keep(blob, `${baseName(source.name)} in ${baseName($("model").value)}.png`);
}

async function showStyled(blob) {
  const image = await createImageBitmap(blob);
  after.width = image.width;
  after.height = image.height;
  after.getContext("2d").drawImage(image, 0, 0);
  image.close();
}

function facts(response) {
  $("time").textContent = `${Number(response.headers.get("X-Milliseconds")).toLocaleString("en", { maximumSignificantDigits: 3 })} ms`;
  $("size").textContent = response.headers.get("X-Size");
}

function keep(blob, name) {
  if (result) URL.revokeObjectURL(result.address);
  result = { address: URL.createObjectURL(blob), name };
  $("download").disabled = false;
}

async function styleClip(form, signal) {
  $("bar").hidden = false;
  const done = await followTask("clip", form, (note, part) => {
    say(note);
    $("bar").value = part;
  }, signal);
  const address = `/tasks/${done.id}/styled.mp4`;
  $("styled").src = address;
  show("clip");
  $("time").textContent = `${done.milliseconds.toLocaleString("en", { maximumSignificantDigits: 3 })} ms a frame`;
  $("size").textContent = `${done.width}x${done.height}, ${done.frames} frames`;
  if (result) URL.revokeObjectURL(result.address);
  result = { address, name: `${baseName(source.name)} in ${baseName($("model").value)}.mp4` };
  $("download").disabled = false;
  $("styled").play().catch(() => {});
}

// The webcam's frames are styled one after the other, as fast as the program can.
async function webcam() {
  if (live) return stopWebcam();
  const video = element("video");
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { width: 960, height: 540 } });
  } catch (error) {
    return say(`no webcam: ${error.message}`, true);
  }
  video.muted = video.playsInline = true;
  await video.play();
  if (doing) doing.abort();
  live = video;
  say("");
  $("webcam").setAttribute("aria-pressed", "true");
  while (live === video) {
    draw(video, video.videoWidth, video.videoHeight);
    if (mask.width !== before.width || mask.height !== before.height) clearMask();
    const form = settings();
    form.append("file", await blobOf(before, "image/jpeg"), "webcam.jpg");
    form.append("as", "jpeg");
    if ($("masked").checked) form.append("mask", await blobOf(mask), "mask.png");
    try {
      const response = await post("/style", form, AbortSignal.timeout(20000)), blob = await response.blob();
      if (live !== video) return;
      await showStyled(blob);
      facts(response);
      keep(blob, `webcam in ${baseName($("model").value)}.jpg`);
    } catch (error) {
      say(error.message, true);
      stopWebcam();
    }
  }
}

function stopWebcam() {
  if (!live) return;
  for (const t of live.srcObject.getTracks()) t.stop();
  live = null;
  $("webcam").setAttribute("aria-pressed", "false");
}

const blobOf = (canvas, type = "image/png") => new Promise(resolve => canvas.toBlob(resolve, type, 0.92));

// The mask is painted over the picture; a veil shows where the original stays.
const veil = element("canvas");
veil.className = "veil";
veil.hidden = true;
$("stage").append(veil);

function clearMask() {
  for (const c of [mask, veil]) {
    c.width = before.width;
    c.height = before.height;
  }
  const g = mask.getContext("2d");
  g.fillStyle = $("brush").value === "keep" ? "#fff" : "#000";
  g.fillRect(0, 0, mask.width, mask.height);
  showVeil();
}

function showVeil() {
  const g = veil.getContext("2d");
  g.globalCompositeOperation = "source-over";
  g.clearRect(0, 0, veil.width, veil.height);
  const m = mask.getContext("2d").getImageData(0, 0, mask.width, mask.height);
  for (let i = 0; i < m.data.length; i += 4) {
    m.data[i + 3] = (255 - m.data[i]) * 0.45;
    m.data[i] = m.data[i + 1] = m.data[i + 2] = 20;
  }
  g.putImageData(m, 0, 0);
}

let last = null; // where the brush was
function paint(event) {
  const box = veil.getBoundingClientRect(), scale = veil.width / box.width;
  const x = (event.clientX - box.left) * scale, y = (event.clientY - box.top) * scale;
  const g = mask.getContext("2d");
  g.strokeStyle = $("brush").value === "keep" ? "#000" : "#fff";
  g.lineWidth = Number($("width").value) / 100 * mask.height;
  g.lineCap = "round";
  g.beginPath();
  g.moveTo(...(last || [x, y + 0.01]));
  g.lineTo(x, y);
  g.stroke();
  last = [x, y];
  showVeil();
}
veil.addEventListener("pointerdown", event => {
  event.stopPropagation();
  event.preventDefault();
  veil.setPointerCapture(event.pointerId);
  last = null;
  paint(event);
});
veil.addEventListener("pointermove", event => {
  event.stopPropagation();
  if (event.buttons) paint(event);
});
veil.addEventListener("pointerup", style);

$("masked").onchange = () => {
  veil.hidden = !$("masked").checked;
  if ($("masked").checked) view.whole();
  style();
};
$("brush").onchange = $("clear").onclick = () => { clearMask(); style(); };
$("model").onchange = $("keep").onchange = style;
$("strength").oninput = () => $("percent").textContent = `${Math.round(100 * $("strength").value)} %`;
$("strength").onchange = style;
$("rows").onchange = () => live || changed();
$("webcam").onclick = webcam;
$("cancel").onclick = () => doing && doing.abort();
$("download").onclick = () => download(result.address, result.name);
$("controls").onsubmit = event => event.preventDefault();
addEventListener("pagehide", () => doing && doing.abort());

async function start() {
  show("");
  try {
    await fillModels($("model"));
    fill($("picture"), await library("picture", "clip"), [["", "choose one…"]]);
    const named = new URLSearchParams(location.search).get("picture");
    $("picture").value = named || "";
    if ($("picture").value) await changed();
    else if ($("model").options.length === 0) say("There is no model in this folder: train one, or open the folder that holds yours.", true);
  } catch (error) {
    say(error.message, true);
  }
}
start();
