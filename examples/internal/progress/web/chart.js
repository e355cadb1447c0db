"use strict";

// formatValue writes a loss in three digits and the prefixes of units.
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
function formatValue(v) {
  if (v === null || v === undefined || !Number.isFinite(v)) return "–";
  return v !== 0 && Math.abs(v) < 0.01 ? v.toExponential(2) : compact.format(v);
}

// Chart draws curves over the steps on a logarithmic axis: each as it is, faintly,
// and smoothed. onhover is called with the point under the pointer, or null.
class Chart {
  constructor(canvas, onhover) {
    this.canvas = canvas;
    this.curves = []; // {values: [number or null], color, shown, thin}
    this.steps = [];
    this.hover = null;
    const at = event => {
      const i = event ? this.nearest(event.offsetX) : null;
      if (i === this.hover) return;
      this.hover = i;
      onhover(i);
      this.draw();
    };
    canvas.addEventListener("pointermove", at);
    canvas.addEventListener("pointerdown", at);
    canvas.addEventListener("pointerleave", () => at(null));
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  set(steps, curves) {
    this.steps = steps;
    this.curves = curves;
    this.hover = null;
    this.draw();
  }

  nearest(x) {
    const s = this.steps;
    if (!this.area || s.length === 0) return null;
    const step = this.low.x + (x - this.area.x) / this.area.w * (this.high.x - this.low.x);
    let a = 0, b = s.length - 1;
    while (b - a > 1) {
      const m = (a + b) >> 1;
      if (s[m] < step) a = m; else b = m;
    }
    return Math.abs(s[a] - step) < Math.abs(s[b] - step) ? a : b;
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
    this.low = { x: this.steps[0], y: Math.log10(low) - 0.08 };
    this.high = { x: Math.max(this.steps.at(-1), this.steps[0] + 1), y: Math.log10(high) + 0.08 };
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
      g.globalAlpha = Math.max(0.1, Math.min(0.3, 0.6 * this.area.w / this.steps.length)); // fainter where dense
      g.lineWidth = 1;
      this.trace(g, c.values);
      g.globalAlpha = 1;
      g.lineWidth = c.thin ? 1.3 : 2.2;
      this.trace(g, smooth(c.values));
    }
    if (this.hover !== null) {
      const x = this.x(this.steps[this.hover]);
      g.strokeStyle = color("--faint");
      g.lineWidth = 1;
      line(g, x, this.area.y, x, this.area.y + this.area.h);
    }
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

  trace(g, values) {
    g.beginPath();
    let pen = false;
    for (let i = 0; i < values.length; i++) {
      if (!(values[i] > 0)) { pen = false; continue; }
      const x = this.x(this.steps[i]), y = this.y(Math.log10(values[i]));
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

// smooth returns the exponential mean of the logarithms, forwards and backwards so
// that it does not lag.
function smooth(values) {
  const window = 1 + values.length / 40;
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
