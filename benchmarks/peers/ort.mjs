#!/usr/bin/env node
// The transformer network's forward pass on one image in ONNX Runtime.
// Flags and line protocol as the Python scripts' (README.md); onnxruntime-node
// is looked for in the folder that IMPASTO_ORT_NODE_MODULES names.
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string' },
    width: { type: 'string', default: '960' },
    height: { type: 'string', default: '540' },
    rounds: { type: 'string', default: '5' },
    warmup: { type: 'string', default: '2' },
    threads: { type: 'string', default: '2' },
    serve: { type: 'boolean', default: false },
  },
});
if (!flags.model) {
  console.error('ort.mjs: --model is missing; stylize.py --export FILE.onnx writes one');
  process.exit(2);
}
const [width, height, rounds, warmup, threads] =
  ['width', 'height', 'rounds', 'warmup', 'threads'].map((name) => Number(flags[name]));

const modules = resolve(process.env.IMPASTO_ORT_NODE_MODULES ?? 'node_modules');
const ort = createRequire(modules + '/')('onnxruntime-node');

const session = await ort.InferenceSession.create(flags.model, {
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  graphOptimizationLevel: 'all',
});
const pixels = Float32Array.from({ length: 3 * height * width }, () => Math.random() * 255);
const feeds = { [session.inputNames[0]]: new ort.Tensor('float32', pixels, [1, 3, height, width]) };

async function milliseconds() {
  const begin = performance.now();
  await session.run(feeds);
  return performance.now() - begin;
}
const peakRSS = () => process.resourceUsage().maxRSS / 1024;
const version = ort.env.versions?.node ?? ort.env.versions?.common;
const about = { peer: `ONNX Runtime ${version}`, script: 'ort.mjs', threads, width, height };

for (let i = 0; i < warmup; i++) await milliseconds();

if (flags.serve) {
  console.log(JSON.stringify({ ...about, cases: ['stylize'] }));
  for await (const line of createInterface({ input: process.stdin })) {
    const command = line.trim();
    if (command === 'quit') break;
    if (command === 'rss') console.log(peakRSS().toFixed(1));
    else if (command === 'go' || command === 'go stylize') console.log((await milliseconds()).toFixed(4));
    else {
      console.error(`unknown command ${JSON.stringify(command)}`);
      process.exit(1);
    }
  }
  process.exit(0);
}

const times = [];
for (let i = 0; i < rounds; i++) times.push(await milliseconds());
times.sort((a, b) => a - b);
const middle = times.length >> 1;
const median = times.length % 2 ? times[middle] : (times[middle - 1] + times[middle]) / 2;
const round = (ms) => Number(ms.toFixed(3));
console.log(JSON.stringify({
  ...about,
  rounds,
  peak_rss_mb: Math.round(peakRSS()),
  cases: { stylize: { median_ms: round(median), min_ms: round(times[0]) } },
}));
