// A style in ONNX Runtime: pictures in, pictures out. Use it in pages of your own.

// The files of the npm package onnxruntime-web, beside the page.
const runtime = new URL("onnxruntime-web/", document.baseURI).href;

const builds = { webgpu: "ort.webgpu.min.mjs", wasm: "ort.wasm.min.mjs" };

// alone runs f after all that was asked for before: ONNX Runtime does one thing at a time.
let last = Promise.resolve();
const alone = f => last = last.catch(() => {}).then(f);

export class Style {
  // create loads a file of exportonnx -profile onnxruntime -any-size for a provider,
  // "webgpu" or "wasm". Threads are those of wasm: browsers allow more than one only to
  // pages that are served with the headers COOP and COEP.
  static async create(url, provider, threads = provider === "wasm" && self.crossOriginIsolated ? Math.min(8, navigator.hardwareConcurrency) : 1) {
    if (provider === "webgpu" && !(await navigator.gpu?.requestAdapter())) throw new Error("this browser has no WebGPU");
    return alone(async () => {
      const ort = await import(runtime + builds[provider]);
      ort.env.wasm.wasmPaths = runtime;
      ort.env.wasm.numThreads = threads;
      const session = await ort.InferenceSession.create(url, { executionProviders: [provider], logSeverityLevel: 3 });
      return new Style(ort, session, provider, threads);
    });
  }

  constructor(ort, session, provider, threads) {
    Object.assign(this, { ort, session, provider, threads });
    this.context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  }

  // run returns a source (canvas, video, ImageBitmap, ...) in the style, as ImageData
  // of w x h.
  async run(source, w, h) {
    const canvas = this.context.canvas;
    if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
    this.context.drawImage(source, 0, 0, w, h);
    return this.data(this.context.getImageData(0, 0, w, h));
  }

  // data returns pixels in the style. Alpha stays.
  async data(pixels) {
    const { width: w, height: h, data } = pixels, n = w * h;
    const x = new Float32Array(3 * n);
    for (let i = 0; i < n; i++)
      for (let c = 0; c < 3; c++) x[c * n + i] = data[4 * i + c] / 255;
    const y = await alone(async () => {
      const input = new this.ort.Tensor("float32", x, [1, 3, h, w]);
      const outputs = await this.session.run({ [this.session.inputNames[0]]: input });
      return outputs[this.session.outputNames[0]].data;
    });
    const styled = new ImageData(w, h);
    for (let i = 0; i < n; i++) {
      for (let c = 0; c < 3; c++) styled.data[4 * i + c] = 255 * y[c * n + i]; // rounds and clamps
      styled.data[4 * i + 3] = data[4 * i + 3];
    }
    return styled;
  }

  close() {
    return alone(() => this.session.release());
  }
}
