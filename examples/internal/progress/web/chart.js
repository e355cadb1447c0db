"use strict";

// formatValue writes a loss in three digits and the prefixes of units.
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
function formatValue(v) {
  if (v === null || v === undefined || !Number.isFinite(v)) return "–";
  return v !== 0 && Math.abs(v) < 0.01 ? v.toExponential(2) : compact.format(v);
}

// Chart draws curves over the steps on a logarithmic axis: each as it is, faintly,
// and smoothed. The values at the pointer, or where the arrow keys led, are shown
// beside it. onhover is called with that step, or null.
class Chart {
  constructor(canvas, onhover = () => {}) {
    this.canvas = canvas;
    this.onhover = onhover;
    this.curves = []; // {name, steps, values: [number or null], color, shown, thin}
    this.hover = null; // a step
    this.smoothing = 1;
    this.tip = element("div");
    this.tip.className = "tip";
    this.tip.hidden = true;
    canvas.after(this.tip);
    canvas.tabIndex = 0;
    const at = event => this.point(event ? this.stepAt(event.offsetX) : null);
    canvas.addEventListener("pointermove", at);
    canvas.addEventListener("pointerdown", at);
    canvas.addEventListener("pointerleave", () => at(null));
    canvas.addEventListener("blur", () => at(null));
    canvas.addEventListener("keydown", event => this.key(event));
    new ResizeObserver(() => {
      this.draw();
      if (this.hover !== null) this.point(this.hover);
    }).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  set(curves) {
    this.curves = curves;
    this.draw();
    if (this.hover !== null) this.point(this.hover);
  }

  stepAt(x) {
    if (!this.area) return null;
    return this.low.x + (x - this.area.x) / this.area.w * (this.high.x - this.low.x);
  }

  // point shows the values at a step.
  point(step) {
    const shown = this.curves.filter(c => c.shown && c.steps.length > 0);
    if (step !== null && shown.length > 0 && this.area) {
      const clamped = Math.min(Math.max(step, this.low.x), this.high.x);
      const all = shown.map(c => c.steps[nearest(c.steps, clamped)]);
      step = all.reduce((a, b) => Math.abs(b - clamped) < Math.abs(a - clamped) ? b : a);
    } else {
      step = null;
    }
    if (step === this.hover && step === null) return;
    this.hover = step;
    this.onhover(step);
    this.draw();
    this.label(shown);
  }

  key(event) {
    if (event.key === "Escape") return this.point(null);
    if (!this.area) return;
    const by = (this.high.x - this.low.x) / 100;
    const from = this.hover ?? this.high.x;
    const to = { ArrowLeft: from - Math.max(by, 1), ArrowRight: from + Math.max(by, 1), Home: this.low.x, End: this.high.x }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.point(to);
  }

  label(shown) {
    this.tip.hidden = this.hover === null;
    if (this.tip.hidden) return;
    const rows = shown.map(c => {
      const i = nearest(c.steps, this.hover), swatch = element("i");
      swatch.style.setProperty("--color", `var(${c.color})`);
      const there = Math.abs(c.steps[i] - this.hover) <= (this.high.x - this.low.x) / 50;
      return element("tr", element("th", swatch, c.name), element("td", formatValue(there ? c.smooth[i] : null)),
        element("td", there ? formatValue(c.values[i]) : ""));
    });
    this.tip.replaceChildren(element("b", `step ${Math.round(this.hover).toLocaleString("en")}`),
      element("table", element("tr", element("th", ""), element("td", "smoothed"), element("td", "as it is")), ...rows));
    const x = this.x(this.hover), room = this.canvas.clientWidth - this.tip.offsetWidth;
    const right = x < this.area.x + this.area.w / 2;
    this.tip.style.left = `${Math.max(0, Math.min(room, right ? x + 12 : x - 12 - this.tip.offsetWidth))}px`;
  }

  range() {
    let low = Infinity, high = 0;
    for (const c of this.curves) {
      if (!c.shown) continue;
      for (const v of c.values) {
        if (v > 0) {
          if (v < low) low = v;
          if (v > high) high = v;
        }
      }
    }
    if (high === 0) return false;
    const drawn = this.curves.filter(c => c.shown && c.steps.length > 0);
    const first = Math.min(...drawn.map(c => c.steps[0]));
    this.low = { x: first, y: Math.log10(low) - 0.08 };
    this.high = { x: Math.max(...drawn.map(c => c.steps.at(-1)), first + 1), y: Math.log10(high) + 0.08 };
    return true;
  }

  draw() {
    const scale = devicePixelRatio || 1;
    const { clientWidth: w, clientHeight: h } = this.canvas;
    this.canvas.width = Math.round(w * scale);
    this.canvas.height = Math.round(h * scale);
    const g = this.canvas.getContext("2d");
    g.scale(scale, scale);
    const style = getComputedStyle(document.documentElement);
    const color = name => style.getPropertyValue(name).trim();
    g.font = "12px system-ui, sans-serif";
    if (!this.range()) {
      this.area = null;
      g.fillStyle = color("--faint");
      g.textAlign = "center";
      g.fillText("The curves begin with the first steps.", w / 2, h / 2);
      return;
    }
    this.area = { x: 48, y: 6, w: w - 48 - 14, h: h - 6 - 24 };
    this.axes(g, color);
    for (const c of this.curves) {
      if (!c.shown) continue;
      g.strokeStyle = color(c.color);
      g.lineJoin = "round";
      g.globalAlpha = Math.max(0.1, Math.min(0.3, 0.6 * this.area.w / c.steps.length)); // fainter where dense
      g.lineWidth = 1;
      if (this.smoothing > 0) this.trace(g, c.steps, c.values);
      g.globalAlpha = 1;
      g.lineWidth = c.thin ? 1.3 : 2.2;
      c.smooth = smooth(c.values, this.smoothing);
      this.trace(g, c.steps, c.smooth);
    }
    if (this.hover !== null) this.mark(g, color);
  }

  x(step) { return this.area.x + (step - this.low.x) / (this.high.x - this.low.x) * this.area.w; }
  y(log) { return this.area.y + (this.high.y - log) / (this.high.y - this.low.y) * this.area.h; }

  axes(g, color) {
    const { x, y, w, h } = this.area;
    g.fillStyle = color("--faint");
    g.strokeStyle = color("--line");
    g.lineWidth = 1;
    g.textAlign = "right";
    g.textBaseline = "middle";
    for (const v of logTicks(this.low.y, this.high.y)) {
      const at = Math.round(this.y(Math.log10(v))) + 0.5;
      line(g, x, at, x + w, at);
      g.fillText(formatValue(v), x - 8, at);
    }
    g.textBaseline = "top";
    for (const v of linearTicks(this.low.x, this.high.x, Math.max(2, Math.floor(w / 80)))) {
      const at = Math.round(this.x(v)) + 0.5;
      line(g, at, y, at, y + h);
      const half = g.measureText(v.toLocaleString("en")).width / 2;
      g.textAlign = at + half > x + w + 14 ? "right" : "center";
      g.fillText(v.toLocaleString("en"), g.textAlign === "right" ? x + w + 14 : at, y + h + 8);
    }
  }

  // mark shows which points the values belong to.
  mark(g, color) {
    const x = this.x(this.hover);
    g.strokeStyle = color("--faint");
    g.lineWidth = 1;
    line(g, x, this.area.y, x, this.area.y + this.area.h);
    for (const c of this.curves) {
      const v = c.shown && c.steps.length > 0 ? c.smooth[nearest(c.steps, this.hover)] : 0;
      if (!(v > 0)) continue;
      g.fillStyle = color(c.color);
      g.beginPath();
      g.arc(x, this.y(Math.log10(v)), 3.5, 0, 2 * Math.PI);
      g.fill();
    }
  }

  trace(g, steps, values) {
    g.beginPath();
    let pen = false;
    for (let i = 0; i < values.length; i++) {
      if (!(values[i] > 0)) { pen = false; continue; }
      const x = this.x(steps[i]), y = this.y(Math.log10(values[i]));
      if (pen) g.lineTo(x, y); else g.moveTo(x, y);
      pen = true;
    }
    g.stroke();
  }
}

function line(g, x0, y0, x1, y1) {
  g.beginPath();
  g.moveTo(x0, y0);
  g.lineTo(x1, y1);
  g.stroke();
}

// nearest returns the place of the step that is closest to the given one.
function nearest(steps, step) {
  let a = 0, b = steps.length - 1;
  while (b - a > 1) {
    const m = (a + b) >> 1;
    if (steps[m] < step) a = m; else b = m;
  }
  return Math.abs(steps[a] - step) < Math.abs(steps[b] - step) ? a : b;
}

// smooth returns the exponential mean of the logarithms, forwards and backwards so
// that it does not lag: of a fortieth of the curve if much is 1.
function smooth(values, much) {
  if (much === 0) return values;
  const window = 1 + much * values.length / 40;
  const out = values.slice();
  for (const back of [false, true]) {
    let mean = null;
    for (let k = 0; k < out.length; k++) {
      const i = back ? out.length - 1 - k : k;
      if (!(out[i] > 0)) continue;
      const v = Math.log(out[i]);
      mean = mean === null ? v : mean + (v - mean) / window;
      out[i] = Math.exp(mean);
    }
  }
  return out;
}

// logTicks returns 1, 2 and 5 of each decade, or only some decades if there are
// many. The bounds are logarithms.
function logTicks(low, high) {
  const ticks = [];
  const every = Math.max(1, Math.ceil((high - low) / 8));
  for (let e = Math.floor(low); e <= high; e++) {
    if (e % every !== 0) continue;
    for (const m of high - low < 3 ? [1, 2, 5] : [1]) {
      const v = m * 10 ** e;
      if (Math.log10(v) >= low && Math.log10(v) <= high) ticks.push(v);
    }
  }
  return ticks;
}

// linearTicks returns round numbers, at most about n.
function linearTicks(low, high, n) {
  const rough = (high - low) / n;
  const decade = 10 ** Math.floor(Math.log10(rough));
  const width = Math.max(1, [1, 2, 5, 10].map(m => m * decade).find(v => v >= rough));
  const ticks = [];
  for (let v = Math.ceil(low / width) * width; v <= high; v += width) ticks.push(v);
  return ticks;
}
