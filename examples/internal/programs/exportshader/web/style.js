// Runs a program of package nn/shader on WebGPU.
"use strict";

const PICTURE = -1, RESULT = -2, WEIGHTS = -3, MOMENTS = -4, AFFINE = -5;
const CHUNK_PIXELS = 2048;

class Style {
  // create compiles the kernels. It throws where there is no WebGPU.
  static async create(program, sources, weights) {
    const adapter = navigator.gpu && await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
    if (!adapter) throw new Error("this browser has no WebGPU");
    const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
    const device = await adapter.requestDevice({ requiredLimits: { maxBufferSize, maxStorageBufferBindingSize } });
    const style = new Style();
    Object.assign(style, { program, device, width: 0, height: 0, activations: [] });
    style.lost = device.lost;
    // Software adapters may share no images with the page: pixels are copied there.
    const { isFallbackAdapter, architecture, description } = adapter.info;
    style.copies = Boolean(isFallbackAdapter) || /swiftshader|llvmpipe/i.test(`${architecture} ${description}`);
    style.pipelines = await Promise.all(sources.map(code => device.createComputePipelineAsync({
      layout: "auto", compute: { module: device.createShaderModule({ code }), entryPoint: "main" },
    })));
    style.weights = style.buffer(weights.byteLength, GPUBufferUsage.COPY_DST);
    device.queue.writeBuffer(style.weights, 0, weights);
    style.settings = device.createBuffer({ size: 32, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
    style.affine = style.buffer(16 * program.moments);
    return style;
  }

  buffer(size, usage = 0) {
    return this.device.createBuffer({ size, usage: GPUBufferUsage.STORAGE | usage });
  }

  fit(n) {
    const m = this.program.multiple;
    return Math.ceil(Math.max(n, this.program.minSize) / m) * m;
  }

  // resize makes what depends on the size of the picture.
  resize(width, height) {
    if (width === this.width && height === this.height) return;
    for (const b of this.activations) b.destroy();
    const w = this.fit(width), h = this.fit(height);
    const planes = this.program.buffers.map(b => this.buffer(4 * b.channels * (w / b.scale) * (h / b.scale)));
    const moments = this.buffer(8 * this.program.moments * Math.ceil(w * h / CHUNK_PIXELS));
    const result = this.buffer(4 * width * height, GPUBufferUsage.COPY_SRC);
    const picture = this.device.createTexture({
      size: [width, height], format: "rgba8unorm",
      usage: GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.COPY_DST | GPUTextureUsage.RENDER_ATTACHMENT,
    });
    this.activations = [...planes, moments, result, picture];
    const named = {
      [PICTURE]: picture.createView(), [RESULT]: { buffer: result }, [WEIGHTS]: { buffer: this.weights },
      [MOMENTS]: { buffer: moments }, [AFFINE]: { buffer: this.affine },
    };
    this.steps = this.program.steps.map(s => {
      const bound = [{ buffer: this.settings }, ...s.bindings.map(b => b < 0 ? named[b] : { buffer: planes[b] })];
      const sw = w / s.scale, sh = h / s.scale, [tx, ty] = s.tile;
      const groups = !tx ? [1, s.planes, 1] : !ty ? [Math.ceil(sw * sh / tx), s.planes, 1]
        : [Math.ceil(sw / tx), Math.ceil(sh / ty), s.planes];
      const pipeline = this.pipelines[s.kernel];
      return {
        pipeline, groups, bindings: this.device.createBindGroup({
          layout: pipeline.getBindGroupLayout(0), entries: bound.map((resource, binding) => ({ binding, resource })),
        }),
      };
    });
    Object.assign(this, { width, height, paddedWidth: w, paddedHeight: h, result, picture });
  }

  // run styles a source of the size given to resize: pixels, an image, a canvas or a video.
  run(source, strength) {
    const size = [this.width, this.height], queue = this.device.queue;
    if (source instanceof Uint8Array || source instanceof Uint8ClampedArray)
      queue.writeTexture({ texture: this.picture }, source, { bytesPerRow: 4 * this.width }, size);
    else
      queue.copyExternalImageToTexture({ source }, { texture: this.picture }, size);
    const settings = new ArrayBuffer(32);
    new Int32Array(settings, 0, 4).set([this.width, this.height, this.paddedWidth, this.paddedHeight]);
    new Float32Array(settings, 16, 1)[0] = strength;
    queue.writeBuffer(this.settings, 0, settings);
    const encoder = this.device.createCommandEncoder(), pass = encoder.beginComputePass();
    for (const s of this.steps) {
      pass.setPipeline(s.pipeline);
      pass.setBindGroup(0, s.bindings);
      pass.dispatchWorkgroups(...s.groups);
    }
    pass.end();
    queue.submit([encoder.finish()]);
  }

  done() {
    return this.device.queue.onSubmittedWorkDone();
  }

  // read returns the styled pixels.
  async read() {
    const size = 4 * this.width * this.height;
    const copy = this.device.createBuffer({ size, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
    const encoder = this.device.createCommandEncoder();
    encoder.copyBufferToBuffer(this.result, 0, copy, 0, size);
    this.device.queue.submit([encoder.finish()]);
    await copy.mapAsync(GPUMapMode.READ);
    const pixels = new Uint8ClampedArray(copy.getMappedRange().slice(0));
    copy.destroy();
    return pixels;
  }
}

// Copier shows the result of a style on a canvas by way of main memory.
class Copier {
  constructor(style, canvas) {
    Object.assign(this, { style, context: canvas.getContext("2d") });
  }

  async draw() {
    const pixels = await this.style.read();
    this.context.putImageData(new ImageData(pixels, this.style.width, this.style.height), 0, 0);
  }
}

// Screen shows the result of a style on a canvas.
class Screen {
  constructor(style, canvas) {
    const device = style.device, format = navigator.gpu.getPreferredCanvasFormat();
    this.context = canvas.getContext("webgpu");
    this.context.configure({ device, format, alphaMode: "opaque" });
    const module = device.createShaderModule({ code: `
      @group(0) @binding(0) var<storage, read> pixels: array<u32>;
      @group(0) @binding(1) var<uniform> size: vec4<i32>;
      @vertex fn corner(@builtin(vertex_index) i: u32) -> @builtin(position) vec4<f32> {
        return vec4<f32>(f32(i & 1u) * 4.0 - 1.0, f32(i >> 1u) * 4.0 - 1.0, 0.0, 1.0);
      }
      @fragment fn color(@builtin(position) p: vec4<f32>) -> @location(0) vec4<f32> {
        return vec4<f32>(unpack4x8unorm(pixels[i32(p.y) * size.x + i32(p.x)]).rgb, 1.0);
      }` });
    this.pipeline = device.createRenderPipeline({
      layout: "auto", vertex: { module, entryPoint: "corner" }, fragment: { module, entryPoint: "color", targets: [{ format }] },
    });
    Object.assign(this, { style, device });
  }

  async draw() {
    const encoder = this.device.createCommandEncoder();
    const pass = encoder.beginRenderPass({ colorAttachments: [{
      view: this.context.getCurrentTexture().createView(), loadOp: "clear", storeOp: "store",
    }] });
    pass.setPipeline(this.pipeline);
    pass.setBindGroup(0, this.device.createBindGroup({ layout: this.pipeline.getBindGroupLayout(0), entries: [
      { binding: 0, resource: { buffer: this.style.result } }, { binding: 1, resource: { buffer: this.style.settings } },
    ] }));
    pass.draw(3);
    pass.end();
    this.device.queue.submit([encoder.finish()]);
    await this.style.done();
  }
}
