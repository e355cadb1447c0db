"use strict";

// What is in the opened folder, and what else can be chosen from: files that are
// dropped on the page or picked from the computer.

const clipEndings = /\.(mp4|m4v|mov|mkv|webm|avi|gif)$/i;

async function library(...kinds) {
  return (await get("/library.json")).filter(i => kinds.includes(i.kind));
}

// fill puts items into a select; first are [value, text] pairs before them.
function fill(select, items, first = []) {
  const old = select.selectedOptions[0]?.value;
  const option = (value, text) => Object.assign(element("option", text), { value });
  select.replaceChildren(...first.map(f => option(...f)), ...items.map(i => option(i.path, i.path)));
  if ([...select.options].some(o => o.value === old)) select.value = old;
}

// fillModels puts the styles of the folder into a select, trained ones before what was
// exported beside them and their checkpoints, and chooses the one that the address names.
async function fillModels(select, first = []) {
  const items = await library("model");
  const whole = new Set(items.map(i => i.path).filter(p => !p.endsWith(".onnx")).map(withoutEnding));
  const rank = i => /ckpt_epoch/.test(i.path) ? 2 : i.path.endsWith(".onnx") && whole.has(withoutEnding(i.path)) ? 1 : 0;
  items.sort((a, b) => rank(a) - rank(b));
  fill(select, items, first);
  const named = new URLSearchParams(location.search).get(select.id);
  if (named && items.some(i => i.path === named)) select.value = named;
  return items;
}

// Source is where a picture or clip comes from: a select of those in the folder, a
// file from elsewhere, or one that is dropped. onchange is called when it is another.
class Source {
  constructor(select, file, onchange) {
    Object.assign(this, { select, onchange, file: null });
    select.addEventListener("change", () => this.take(select.value === "" ? this.file : null));
    file.addEventListener("change", () => file.files[0] && this.take(file.files[0]));
    addEventListener("dragover", event => event.preventDefault());
    addEventListener("drop", event => {
      event.preventDefault();
      if (event.dataTransfer.files[0]) this.take(event.dataTransfer.files[0]);
    });
  }

  take(file) {
    this.file = file;
    if (file) {
      const own = [...this.select.options].find(o => o.value === "") || this.select.insertBefore(element("option"), this.select.firstChild);
      own.value = "";
      own.textContent = file.name || "from the webcam";
      this.select.value = "";
    }
    this.onchange();
  }

  get name() { return this.file ? this.file.name || "webcam.png" : this.select.value; }
  get clip() { return clipEndings.test(this.name); }
  get there() { return Boolean(this.file || this.select.value); }

  // into adds the source to a form.
  into(form) {
    if (this.file) form.append("file", this.file, this.name);
    else form.append("picture", this.select.value);
  }

  // address is where the picture can be seen; release it when it is no longer shown.
  address() {
    return this.file ? URL.createObjectURL(this.file) : `/pictures/${this.select.value.split("/").map(encodeURIComponent).join("/")}`;
  }
}

// follow asks for a task until it has ended, and returns its result. shown is told what
// it is doing; the task ends with the signal.
async function followTask(kind, form, shown, signal) {
  const { id } = await (await post(`/tasks/${kind}`, form, signal)).json();
  const cancel = () => post(`/tasks/${id}/cancel`).catch(() => {});
  signal.addEventListener("abort", cancel);
  try {
    for (;;) {
      const state = await get(`/tasks/${id}`);
      if (signal.aborted) throw new DOMException("canceled", "AbortError");
      if (state.error) throw new Error(state.error);
      if (state.ended) return { id, ...state.result };
      shown(state.note, state.done);
      await new Promise(resolve => setTimeout(resolve, 400));
    }
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}

// download has the browser keep a file.
function download(address, name) {
  const a = element("a");
  a.href = address;
  a.download = name;
  a.click();
}

const withoutEnding = path => path.replace(/\.[^./]*$/, "");
const baseName = path => withoutEnding(path.split("/").at(-1));
