// A small game on a canvas: the arrow keys steer the ball through the
// gates. It stands for yours.

export class Game {
  constructor(width, height) {
    this.canvas = Object.assign(document.createElement("canvas"), { width, height });
    this.context = this.canvas.getContext("2d");
    this.keys = new Set();
    this.y = height / 2;
    this.score = 0;
    this.gates = [0.7, 1.2, 1.7].map(x => ({ x: x * width, y: this.gap() }));
    this.down = e => this.keys.add(e.key);
    this.up = e => this.keys.delete(e.key);
    addEventListener("keydown", this.down);
    addEventListener("keyup", this.up);
  }

  gap() {
    return (0.25 + 0.5 * Math.random()) * this.canvas.height;
  }

  // draw advances the game to a time in ms and draws it.
  draw(time) {
    const { width: w, height: h } = this.canvas, g = this.context;
    const passed = Math.min(time - (this.time ?? time), 100) / 1000;
    this.time = time;
    if (this.keys.has("ArrowUp")) this.y -= passed * h;
    if (this.keys.has("ArrowDown")) this.y += passed * h;
    this.y = Math.max(0, Math.min(h, this.y));

    const sky = g.createLinearGradient(0, 0, 0, h);
    sky.addColorStop(0, "#3a6fd8");
    sky.addColorStop(1, "#f4d9a6");
    g.fillStyle = sky;
    g.fillRect(0, 0, w, h);
    for (const [depth, color] of [[0.2, "#7d6ba8"], [0.5, "#4f7a52"]]) {
      g.fillStyle = color;
      g.beginPath();
      g.moveTo(0, h);
      for (let x = 0; x <= w; x += 8) {
        const at = (x + depth * time / 6) / w;
        g.lineTo(x, h * (0.55 + depth * 0.4 - 0.12 * Math.sin(7 * at) - 0.05 * Math.sin(19 * at)));
      }
      g.lineTo(w, h);
      g.fill();
    }
    const ball = { x: w / 4, r: h / 20 };
    g.fillStyle = "#7a2f1d";
    for (const gate of this.gates) {
      const before = gate.x;
      gate.x -= passed * w / 4;
      g.fillRect(gate.x, 0, w / 30, gate.y - h / 6);
      g.fillRect(gate.x, gate.y + h / 6, w / 30, h);
      if (before > ball.x && gate.x <= ball.x) this.score = Math.abs(gate.y - this.y) < h / 6 - ball.r ? this.score + 1 : 0;
      if (gate.x < -w / 30) Object.assign(gate, { x: gate.x + 1.5 * w, y: this.gap() });
    }
    g.fillStyle = "#e8412c";
    g.beginPath();
    g.arc(ball.x, this.y, ball.r, 0, 2 * Math.PI);
    g.fill();
    g.fillStyle = "#fff";
    g.font = `bold ${h / 10}px system-ui, sans-serif`;
    g.fillText(this.score, w / 40, h / 9);
  }

  close() {
    removeEventListener("keydown", this.down);
    removeEventListener("keyup", this.up);
  }
}
