"use strict";

// What all pages share: elements, questions to the program, numbers.

const $ = id => document.getElementById(id);
const token = document.querySelector("meta[name=token]").content;

function element(tag, ...children) {
  const e = document.createElement(tag);
  e.append(...children);
  return e;
}

// arrange has an element hold these children. Those that are there are not touched: one
// that is taken out amid a click, if only to be put in again, is not clicked.
function arrange(parent, children) {
  const wanted = new Set(children);
  for (const c of [...parent.children]) if (!wanted.has(c)) c.remove();
  children.forEach((c, i) => { if (parent.children[i] !== c) parent.insertBefore(c, parent.children[i] ?? null); });
}

// button returns one that does something when pressed.
function button(onclick, ...children) {
  const b = element("button", ...children);
  b.type = "button";
  b.onclick = onclick;
  return b;
}

async function get(path) {
  const response = await fetch(path, { signal: AbortSignal.timeout(20000) });
  if (!response.ok) throw new Error(await complaint(response));
  return response.json();
}

// post asks the program to do something; body is a form or becomes JSON.
async function post(path, body, signal) {
  const response = await fetch(path, {
    method: "POST", headers: { "X-Token": token }, signal,
    body: body === undefined || body instanceof FormData ? body : JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await complaint(response));
  return response;
}

async function complaint(response) {
  const text = (await response.text().catch(() => "")).trim();
  return text || `the program answers ${response.status}`;
}

const thousands = n => n.toLocaleString("en");

function duration(seconds) {
  const s = Math.round(seconds), m = Math.floor(s / 60), h = Math.floor(m / 60);
  if (h > 0) return `${h} h ${m % 60} min`;
  return m > 0 ? `${m} min ${s % 60} s` : `${s} s`;
}

// ask opens a dialog and resolves to whether its last button was pressed. Escape and
// every other button say no.
function ask(dialog) {
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise(resolve => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}
