"use strict";

let doing = null; // what ends the work that is under way

const source = new Source($("picture"), $("file"), () => {});
const say = (text, failed = false) => {
  $("message").textContent = text;
  $("message").classList.toggle("error", failed);
};

async function make() {
  if (!$("model").value) return say("There is no model in this folder: train one, or open the folder that holds yours.", true);
  doing = new AbortController();
  const form = new FormData();
  form.append("model", $("model").value);
  form.append("title", $("title").value);
  source.into(form);
  $("bar").hidden = $("cancel").hidden = false;
  $("make").disabled = true;
  $("done").hidden = true;
  try {
    const result = await followTask("card", form, (note, part) => {
      say(note);
      $("bar").value = part;
    }, doing.signal);
    const image = element("img");
    image.alt = `The card of ${result.title}`;
    image.src = `/tasks/${result.id}/card.png`;
    $("card").replaceChildren(image);
    $("open").href = `/tasks/${result.id}/card.html`;
    $("html").onclick = () => download(`/tasks/${result.id}/card.html`, `${result.title}.html`);
    $("png").onclick = () => download(`/tasks/${result.id}/card.png`, `${result.title}.png`);
    $("done").hidden = false;
    say(`one HTML file of ${thousands(Math.round(result.html / 1000))} kB that needs nothing else, and a picture of ${thousands(Math.round(result.png / 1000))} kB`);
  } catch (error) {
    if (error.name !== "AbortError") say(error.message, true);
    else say("canceled");
  } finally {
    $("bar").hidden = $("cancel").hidden = true;
    $("make").disabled = false;
    doing = null;
  }
}

$("controls").onsubmit = event => {
  event.preventDefault();
  make();
};
$("cancel").onclick = () => doing && doing.abort();
addEventListener("pagehide", () => doing && doing.abort());

async function start() {
  try {
    const models = await fillModels($("model"));
    fill($("picture"), await library("picture"), [["", "a drawn scene"]]);
    if (models.length === 0) say("There is no model in this folder: train one, or open the folder that holds yours.", true);
  } catch (error) {
    say(error.message, true);
  }
}
start();
