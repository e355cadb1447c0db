// The page around the style: where pictures come from and how they are shown.
import { Style } from "./style.js";
import { Game } from "./game.js";

const $ = id => document.getElementById(id);
const say = text => { $("message").textContent = text; };

// A source has a picture to draw now (null while there is none), and stops. Those that
// are live change by themselves.
const sources = {
  async picture(blob) {
    const bitmap = await createImageBitmap(blob ?? await (await fetch("picture.png")).blob());
    return { picture: () => bitmap, stop: () => bitmap.close() };
  },
  async webcam() {
    const video = Object.assign(document.createElement("video"), { muted: true, playsInline: true });
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { width: 960, height: 540 } });
    await video.play();
    return { live: true, picture: () => video.videoWidth ? video : null, stop: () => video.srcObject.getTracks().forEach(t => t.stop()) };
  },
  async game() {
    const game = new Game(960, 540);
    return { live: true, picture: () => game.canvas, draw: time => game.draw(time), stop: () => game.close() };
  },
};

// stale: what is shown is of another source, style or size.
let style = null, source = null, busy = false, stale = false;

// sizeOf returns the size to style a picture at: its own, or as many rows as chosen.
function sizeOf(p) {
  const w = p.videoWidth || p.width, h = p.videoHeight || p.height;
  const rows = Math.min(h, Number($("rows").value));
  return [Math.max(8, Math.round(w * rows / h)), Math.max(8, rows)];
}

// sized returns the context of a canvas, of a size.
function sized(id, width, height) {
  if ($(id).width !== width || $(id).height !== height) Object.assign($(id), { width, height });
  return $(id).getContext("2d");
}

// show styles what the source shows now. While it does, a game goes on: the next
// frame that is styled is then the newest one.
async function show() {
  const picture = source?.picture();
  if (!style || !picture || busy) return;
  busy = true;
  stale = false;
  const { provider, threads } = style;
  try {
    const [w, h] = sizeOf(picture), start = performance.now();
    sized("before", w, h).drawImage(picture, 0, 0, w, h);
    const styled = await style.run($("before"), w, h);
    sized("after", w, h).putImageData(styled, 0, 0);
    const by = provider === "wasm" ? `WebAssembly, threads: ${threads}` : "WebGPU";
    $("time").textContent = `${w}x${h}: ${(performance.now() - start).toFixed(1)} ms (${by})`;
    impasto.frames++;
  } catch (e) {
    say(e.message);
  } finally {
    busy = false;
  }
}

function frame(time) {
  source?.draw?.(time);
  if (source?.live || stale) show();
  requestAnimationFrame(frame);
}

async function open(kind, blob) {
  try {
    const next = await sources[kind](blob);
    source?.stop();
    source = next;
    $("source").value = kind;
    stale = true;
    say("");
  } catch (e) {
    say(`no ${kind}: ${e.message}`);
  }
}

async function load(provider) {
  say("loading");
  try {
    const next = await Style.create("style.onnx", provider), old = style;
    style = next;
    stale = true;
    say("");
    old?.close();
  } catch (e) {
    if (provider === "wasm") return say(e.message);
    $("provider").value = "wasm";
    await load("wasm");
    say(`${e.message}: WebAssembly is used`);
  }
}

async function start() {
  $("source").addEventListener("change", () => open($("source").value));
  $("provider").addEventListener("change", () => load($("provider").value));
  $("rows").addEventListener("change", () => { stale = true; });
  $("file").addEventListener("change", () => $("file").files[0] && open("picture", $("file").files[0]));
  addEventListener("dragover", e => e.preventDefault());
  addEventListener("drop", e => {
    e.preventDefault();
    if (e.dataTransfer.files[0]) open("picture", e.dataTransfer.files[0]);
  });
  requestAnimationFrame(frame);
  await open("picture");
  await load($("provider").value);
}

// For other scripts: what styles, and how many frames were styled.
window.impasto = { Style, frames: 0, style: () => style };
impasto.ready = start();
