// The page around the style: where pictures come from and how they are shown.
"use strict";

const $ = id => document.getElementById(id);
const data = JSON.parse($("data").textContent);

// decode turns base64 into bytes.
const decode = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));

// floats expands weights, which may be stored as half floats.
function floats(bytes, half) {
  if (!half) return new Float32Array(bytes.buffer);
  const halves = new Uint16Array(bytes.buffer), out = new Float32Array(halves.length);
  halves.forEach((h, i) => {
    const exponent = h >> 10 & 31, fraction = h & 1023;
    const size = exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction;
    out[i] = h & 0x8000 ? -size : size;
  });
  return out;
}

let style, view, source = $("still-before"), live = null, busy = false;

// sizeOf returns the size to style a source at: its own, or as many rows as chosen.
function sizeOf(s) {
  const w = s.videoWidth || s.naturalWidth || s.width, h = s.videoHeight || s.naturalHeight || s.height;
  const rows = Math.min(h, Number($("rows").value) || h);
  return [Math.max(1, Math.round(w * rows / h)), rows];
}

// show styles the source and draws both pictures.
async function show() {
  if (!style || busy) return;
  busy = true;
  try {
    const [w, h] = sizeOf(source);
    if (!w || !h) return;
    const before = $("before"), after = $("after");
    if (before.width !== w || before.height !== h) {
      before.width = after.width = w;
      before.height = after.height = h;
      $("stage").style.aspectRatio = `${w} / ${h}`;
    }
    const context = before.getContext("2d", { willReadFrequently: style.copies });
    context.drawImage(source, 0, 0, w, h);
    style.resize(w, h);
    const start = performance.now();
    style.run(style.copies ? context.getImageData(0, 0, w, h).data : before, Number($("strength").value));
    await view.draw();
    $("time").textContent = `${w}x${h}: ${(performance.now() - start).toFixed(1)} ms`;
  } catch (e) {
    say(e.message);
  } finally {
    busy = false;
  }
}

function say(text) {
  $("message").textContent = text;
}

function split() {
  $("after").style.clipPath = $("still-after").style.clipPath = `inset(0 0 0 ${100 * $("split").value}%)`;
  $("line").style.left = `${100 * $("split").value}%`;
}

async function open(file) {
  stop();
  try {
    source = await createImageBitmap(file);
  } catch (e) {
    return say(`${file.name} is no picture that this browser can read`);
  }
  say("");
  show();
}

function stop() {
  if (!live) return;
  for (const t of live.srcObject.getTracks()) t.stop();
  live = null;
  $("webcam").textContent = "Webcam";
}

async function webcam() {
  if (live) return stop();
  const video = document.createElement("video");
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { width: 960, height: 540 } });
  } catch (e) {
    return say(`no webcam: ${e.message}`);
  }
  video.muted = video.playsInline = true;
  await video.play();
  source = live = video;
  $("webcam").textContent = "Stop the webcam";
  const next = async () => {
    if (live !== video) return;
    await show();
    requestAnimationFrame(next);
  };
  next();
}

// stills shows the pictures that the page brings along.
function stills(reason) {
  for (const id of ["before", "after", "controls"]) $(id).hidden = true;
  for (const id of ["still-before", "still-after"]) $(id).hidden = false;
  say(`${reason}: these are stills. Chrome and Edge 113, Safari 26 and Firefox 141 and later run the style live.`);
}

async function start() {
  $("split").addEventListener("input", split);
  split();
  try {
    style = await Style.create(data.program, data.kernels, floats(decode($("weights").textContent.trim()), data.half));
    view = new (style.copies ? Copier : Screen)(style, $("after"));
    style.device.addEventListener("uncapturederror", e => say(e.error.message));
    style.lost.then(info => { style = null; stop(); stills(`the graphics card was lost (${info.message})`); });
  } catch (e) {
    stills(e.message);
    return null;
  }
  await $("still-before").decode();
  for (const id of ["strength", "rows"]) $(id).addEventListener("input", show);
  $("file").addEventListener("change", () => $("file").files[0] && open($("file").files[0]));
  $("webcam").addEventListener("click", webcam);
  addEventListener("dragover", e => e.preventDefault());
  addEventListener("drop", e => {
    e.preventDefault();
    if (e.dataTransfer.files[0]) open(e.dataTransfer.files[0]);
  });
  await show();
  return style;
}

// For other scripts: impasto.ready is the Style, or null without WebGPU.
window.impasto = { ready: start() };
