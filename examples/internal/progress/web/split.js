"use strict";

// Split shows two pictures of one scene over each other with a line between them that
// can be moved with the pointer and the arrow keys: before on the left, after on the
// right. Both are elements such as images and canvases.
class Split {
  constructor(stage, before, after) {
    this.stage = stage;
    this.after = after;
    this.range = element("input");
    Object.assign(this.range, { type: "range", min: 0, max: 100, step: 0.5, value: 50 });
    this.range.setAttribute("aria-label", "Where the second picture begins");
    this.line = element("i");
    stage.classList.add("split");
    stage.replaceChildren(before, after, this.line, this.range);
    this.range.addEventListener("input", () => this.show());
    const move = event => {
      if (event.type === "pointermove" && !event.buttons) return;
      const box = stage.getBoundingClientRect();
      this.range.value = 100 * (event.clientX - box.left) / box.width;
      this.show();
    };
    stage.addEventListener("pointerdown", event => {
      stage.setPointerCapture(event.pointerId);
      event.preventDefault();
      this.range.focus({ preventScroll: true });
      move(event);
    });
    stage.addEventListener("pointermove", move);
    this.show();
  }

  // whole shows the second picture only.
  whole() {
    this.range.value = 0;
    this.show();
  }

  show() {
    this.after.style.clipPath = `inset(0 0 0 ${this.range.value}%)`;
    this.line.style.left = `${this.range.value}%`;
  }
}
